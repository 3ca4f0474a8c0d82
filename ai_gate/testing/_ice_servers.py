"""The ICE servers that a gate hands out in place of the spec's example."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any


class IceServers:
    """Given ICE servers, handed out as they are.

    Args:
        servers: Each with `urls`, a URL or a list of them, and for TURN `username` and
            `credential`.

    Raises:
        TypeError: A server is no mapping, or `urls` neither a string nor a list of strings.
    """

    def __init__(self, servers: Iterable[Mapping[str, Any]]) -> None:
        self._servers = [_checked(server) for server in servers]

    @property
    def turn_url(self) -> str | None:
        """The URL of the first TURN server."""
        urls = (url for server in self._servers for url in _urls(server))
        return next((url for url in urls if url.lower().startswith("turn")), None)

    def credentials(self) -> dict[str, Any]:
        """Make the fields of TURN credentials."""
        has_turn = self.turn_url is not None
        return {
            "iceServers": copy.deepcopy(self._servers),
            "_auth_method": "legacy" if has_turn else "stun_only",
            "_turn_enabled": has_turn,
        }


def _checked(server: Mapping[str, Any]) -> dict[str, Any]:
    if not (isinstance(server, Mapping) and _urls(server)):
        raise TypeError("ice_servers must be mappings with urls: a string or a list of strings")
    return copy.deepcopy(dict(server))


def _urls(server: Mapping[str, Any]) -> list[str]:
    urls = server.get("urls")
    listed = [urls] if isinstance(urls, str) else urls
    if not (isinstance(listed, list) and all(isinstance(url, str) for url in listed)):
        return []
    return listed
