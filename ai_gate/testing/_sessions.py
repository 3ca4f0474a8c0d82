"""Fresh sessions and TURN credentials, modelled on the examples of the spec."""

import copy
import secrets
from collections.abc import Mapping
from typing import Any

from ai_gate.testing._clock import isoformat
from ai_gate.testing._ice_servers import IceServers
from ai_gate.testing._limits import SESSION_SECONDS

CLIENT_SECRET_SECONDS = 60


def new_session(
    template: Mapping[str, Any],
    wanted: Mapping[str, Any],
    now: float,
    ice_servers: IceServers | None,
) -> Any:
    """Fill a copy of the spec's example with what was asked for, new IDs and new secrets."""
    session = copy.deepcopy(dict(template))
    session |= {name: value for name, value in wanted.items() if name in session}
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
    """Put given servers, or one new user name and password, into a copy of the spec's example."""
    if ice_servers is not None:
        return {**template, **ice_servers.credentials()}
    credentials = copy.deepcopy(dict(template))
    login = {"username": secrets.token_hex(32), "credential": secrets.token_hex(32)}
    for server in credentials["iceServers"]:
        server.update({name: value for name, value in login.items() if name in server})
    return credentials
