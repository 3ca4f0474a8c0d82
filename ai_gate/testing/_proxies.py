"""The way past the proxies of the environment, for every client of a gate in this process."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_users: Counter[str] = Counter()
_added: set[str] = set()


@contextmanager
def past_proxies(host: str) -> Iterator[None]:
    """Have a host in `NO_PROXY`, until nobody needs it there any more."""
    with _lock:
        _users[host] += 1
        hosts = _read()
        if host not in hosts and hosts != ["*"]:
            _added.add(host)
            _write([*hosts, host])
    try:
        yield
    finally:
        with _lock:
            _users[host] -= 1
            if not _users[host] and host in _added:
                _added.discard(host)
                _write([it for it in _read() if it != host])


def _name() -> str:
    """Return the variable that counts: an empty no_proxy counts too."""
    return "no_proxy" if "no_proxy" in os.environ else "NO_PROXY"


def _read() -> list[str]:
    # An empty one stays so afterwards, and isn't the same as none.
    text = os.environ.get(_name())
    return [] if text is None else text.split(",")


def _write(hosts: list[str]) -> None:
    if hosts:
        os.environ[_name()] = ",".join(hosts)
    else:
        os.environ.pop(_name(), None)
