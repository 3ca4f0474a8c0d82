"""Sessions, TURN credentials and ICE servers, modelled on the examples of the spec."""

import copy
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ai_gate.testing._limits import SESSION_SECONDS
from ai_gate.testing._response import isoformat

CLIENT_SECRET_SECONDS = 60


IceServers: TypeAlias = Sequence[Mapping[str, Any]]
"""Those to hand out, as they are, in place of those of the spec's example."""


def checked_servers(servers: Iterable[Mapping[str, Any]]) -> IceServers:
    """Return a copy of ICE servers.

    Raises:
        TypeError: A server is not a mapping, or `urls` neither a string nor a list of strings.
    """
    copied = [copy.deepcopy(dict(it)) if isinstance(it, Mapping) else {} for it in servers]
    if not all(map(_urls, copied)):
        raise TypeError("ice_servers must be mappings with urls: a string or a list of strings")
    return copied


def _turn_url(servers: IceServers) -> str | None:
    """Return the URL of the first TURN server."""
    urls = (url for server in servers for url in _urls(server))
    return next((url for url in urls if url.lower().startswith("turn")), None)


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
        session["metadata"]["turn_server"] = _turn_url(ice_servers) or "cloudflare"
    return session


def new_turn_credentials(template: Mapping[str, Any], ice_servers: IceServers | None) -> Any:
    """Fill a copy of the spec's example with the given servers, or a new user and password."""
    if ice_servers is not None:
        has_turn = _turn_url(ice_servers) is not None
        method = "legacy" if has_turn else "stun_only"
        answer = {"iceServers": ice_servers, "_auth_method": method, "_turn_enabled": has_turn}
        return {**template, **answer}
    credentials = copy.deepcopy(dict(template))
    login = {"username": secrets.token_hex(32), "credential": secrets.token_hex(32)}
    for server in credentials["iceServers"]:
        server.update({name: value for name, value in login.items() if name in server})
    return credentials
