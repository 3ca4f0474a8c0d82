"""The other side of the wire, each in a process of its own."""
