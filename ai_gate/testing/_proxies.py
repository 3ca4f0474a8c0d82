"""The way past the proxies of the environment, for every client of a gate in this process."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_users: Counter[str] = Counter()
_added: set[str] = set()


def without_proxy(host: str) -> tuple[str, str]:
    """Return the variable of the environment that names the hosts without a proxy, with this one.

    An empty no_proxy counts before NO_PROXY, and isn't the same as none.
    """
    name = "no_proxy" if "no_proxy" in os.environ else "NO_PROXY"
    hosts = os.environ[name].split(",") if name in os.environ else []
    return name, ",".join(hosts if host in hosts or hosts == ["*"] else [*hosts, host])


@contextmanager
def past_proxies(host: str) -> Iterator[None]:
    """Have a host in `NO_PROXY`, until nobody needs it there any more."""
    with _lock:
        _users[host] += 1
        name, hosts = without_proxy(host)
        if os.environ.get(name) != hosts:
            _added.add(host)
            os.environ[name] = hosts
    try:
        yield
    finally:
        with _lock:
            _users[host] -= 1
            if not _users[host] and host in _added:
                _added.discard(host)
                _remove(host)


def _remove(host: str) -> None:
    name, text = without_proxy(host)
    if hosts := [it for it in text.split(",") if it != host]:
        os.environ[name] = ",".join(hosts)
    else:
        os.environ.pop(name, None)
