"""Every way in which an answer can go wrong on the wire, and what the clients make of it."""
