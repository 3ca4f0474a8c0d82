"""A page on which one talks to the model. The project ID stays here, and a page gets one session.

It reads `AI_GATE_PROJECT_ID`, and where they are set `AI_GATE_BASE_URL`, `REALTIME_MODEL`,
`REALTIME_VOICE`, `REALTIME_URL` and `ALLOWED_HOSTS`.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ai_gate import AIGateError, APITimeoutError, AsyncAIGateClient
from ai_gate.types import SessionResponse

PAGE = Path(__file__).parent / "page"
MODEL = "gpt-realtime"
VOICE = "marin"
REALTIME_URL = "https://api.openai.com/v1/realtime"
ALLOWED_HOSTS = "127.0.0.1,localhost"


class State(TypedDict):
    """What lives as long as the app."""

    client: AsyncAIGateClient


class Page(StaticFiles):
    """The files of the page, with a policy of what it may load and reach."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Content-Security-Policy"] = policy()
        return response


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[State]:
    """Share one client among all requests."""
    async with AsyncAIGateClient.from_env() as client:
        yield {"client": client}


async def create_session(request: Request) -> JSONResponse:
    """Create a session, and give the page what a call needs of it."""
    if not is_from_own_page(request):
        return answer(403, {"message": "Sessions are for this page alone."})
    client: AsyncAIGateClient = request.state.client
    session = await client.create_session(
        model=os.environ.get("REALTIME_MODEL", MODEL),
        voice=os.environ.get("REALTIME_VOICE", VOICE),
    )
    return answer(200, needed_of(session))


def is_from_own_page(request: Request) -> bool:
    """Tell whether this app's page asks, or something that is no browser.

    A session is billed, so no other site may make its visitors' browsers ask for one.
    """
    site = request.headers.get("sec-fetch-site", "same-origin")
    # Browsers that don't say the former yet say where a POST comes from.
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host')}"
    return origin in (None, own) and site == "same-origin"


def needed_of(session: SessionResponse) -> dict[str, object]:
    """Take what a call needs from a session."""
    try:
        return {
            "model": session["model"],
            "client_secret": session["client_secret"]["value"],
            "ice_servers": session["turn_credentials"]["iceServers"],
            "realtime_url": realtime_url(),
        }
    except (KeyError, TypeError) as error:
        raise AIGateError("The session came without what a call needs.") from error


def realtime_url() -> str:
    """Tell where calls begin."""
    return os.environ.get("REALTIME_URL", REALTIME_URL).rstrip("/")


def policy() -> str:
    """Let the page load what is its own, and reach this app and the place where calls begin."""
    model = urlsplit(realtime_url())
    return (
        f"default-src 'self'; connect-src 'self' {model.scheme}://{model.netloc}; img-src data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


async def explain(_: Request, error: Exception) -> JSONResponse:
    """Tell the page what went wrong. The SDK has masked the secrets in the message."""
    status = error.status_code if isinstance(error, AIGateError) else None
    if status is None or status < 400:
        status = 504 if isinstance(error, APITimeoutError) else 502
    return answer(status, {"message": str(error)})


def answer(status: int, content: object) -> JSONResponse:
    """Answer with JSON that nobody keeps."""
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})


def create_app() -> Starlette:
    """Make the app."""
    # A site whose name leads to this machine would pass for the page's own, but for its name.
    hosts = os.environ.get("ALLOWED_HOSTS", ALLOWED_HOSTS).replace(" ", "").split(",")
    return Starlette(
        routes=[
            Route("/session", create_session, methods=["POST"]),
            Mount("/", Page(directory=PAGE, html=True)),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)],
        exception_handlers={AIGateError: explain},
        lifespan=lifespan,
    )


app = create_app()
