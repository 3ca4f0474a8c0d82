"""Which of its own addresses this machine uses on the way to another one."""

import socket

DISCARD = 9
"""A port: the way doesn't depend on it, and nothing is sent there."""


def own_address_to(host: str) -> str | None:
    """Return the own address from which the system sends to a host, or None if no way leads there.

    Args:
        host: An IP address. No way leads to a name, which the system would look up meanwhile.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.inet_pton(family, host)
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            # Without a packet: it only chooses the way.
            asked.connect((host, DISCARD))
            return str(asked.getsockname()[0])
    except (OSError, ValueError):
        return None
