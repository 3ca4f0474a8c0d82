"""Sessions, TURN credentials and ICE servers, modelled on the examples of the spec."""

import copy
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from ai_gate.testing._limits import SESSION_SECONDS
from ai_gate.testing._response import isoformat

CLIENT_SECRET_SECONDS = 60


class IceServers:
    """The ICE servers to hand out, as they are, in place of those of the spec's example.

    Args:
        servers: Each with `urls`, a URL or a list of them, and for TURN `username` and
            `credential`.

    Raises:
        TypeError: A server is not a mapping, or `urls` neither a string nor a list of strings.
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


def new_session(
    template: Mapping[str, Any],
    wanted: Mapping[str, Any],
    now: float,
    ice_servers: IceServers | None,
) -> Any:
    """Fill a copy of the spec's example with what was asked for, new IDs and new secrets."""
    # What was asked for can be nested too deeply to be copied.
    session = copy.deepcopy(dict(template)) | dict(wanted)
    session["id"] = f"sess_{secrets.token_hex(12)}"
    session["expires_at"] = int(now) + SESSION_SECONDS
    session["client_secret"] = {
        "value": f"ek_{secrets.token_hex(16)}",
        "expires_at": int(now) + CLIENT_SECRET_SECONDS,
    }
    session["turn_credentials"] = new_turn_credentials(session["turn_credentials"], ice_servers)
    session["session_id"] = f"aigate_session_{secrets.token_hex(12)}"
    session["metadata"]["model"] = wanted["model"]
    session["metadata"]["voice"] = wanted["voice"]
    session["metadata"]["created_at"] = isoformat(now)
    if ice_servers is not None:
        session["metadata"]["turn_server"] = ice_servers.turn_url or "cloudflare"
    return session


def new_turn_credentials(template: Mapping[str, Any], ice_servers: IceServers | None) -> Any:
    """Fill a copy of the spec's example with the given servers, or a new user and password."""
    if ice_servers is not None:
        return {**template, **ice_servers.credentials()}
    credentials = copy.deepcopy(dict(template))
    login = {"username": secrets.token_hex(32), "credential": secrets.token_hex(32)}
    for server in credentials["iceServers"]:
        server.update({name: value for name, value in login.items() if name in server})
    return credentials
