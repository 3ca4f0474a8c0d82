"""A page on which one talks to the model. The project ID stays here, and a page gets one session.

It reads `AI_GATE_PROJECT_ID`, and where they are set `AI_GATE_BASE_URL`, `REALTIME_MODEL`,
`REALTIME_VOICE` and `REALTIME_URL`.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypedDict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ai_gate import AIGateError, APITimeoutError, AsyncAIGateClient

PAGE = Path(__file__).parent / "page"
MODEL = "gpt-realtime"
VOICE = "marin"
REALTIME_URL = "https://api.openai.com/v1/realtime"


class State(TypedDict):
    """What lives as long as the app."""

    client: AsyncAIGateClient


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[State]:
    """Share one client among all requests."""
    async with AsyncAIGateClient.from_env() as client:
        yield {"client": client}


async def create_session(request: Request) -> JSONResponse:
    """Create a session, and give the page what a call needs of it."""
    # A session is billed, so no other site may make its visitors' browsers ask for one.
    if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return answer(403, {"message": "Sessions are for this page alone."})
    client: AsyncAIGateClient = request.state.client
    session = await client.create_session(
        model=os.environ.get("REALTIME_MODEL", MODEL),
        voice=os.environ.get("REALTIME_VOICE", VOICE),
    )
    if "client_secret" not in session:
        raise AIGateError("The gate gave a session without a client secret.")
    needed = {
        "model": session["model"],
        "client_secret": session["client_secret"]["value"],
        "ice_servers": session["turn_credentials"]["iceServers"],
        "realtime_url": os.environ.get("REALTIME_URL", REALTIME_URL).rstrip("/"),
    }
    return answer(200, needed)


async def explain(_: Request, error: Exception) -> JSONResponse:
    """Tell the page what went wrong. The SDK has masked the secrets in the message."""
    status = error.status_code if isinstance(error, AIGateError) else None
    if status is None or status < 400:
        status = 504 if isinstance(error, APITimeoutError) else 502
    return answer(status, {"message": str(error)})


def answer(status: int, content: object) -> JSONResponse:
    """Answer with JSON that nobody keeps."""
    return JSONResponse(content, status, headers={"Cache-Control": "no-store"})


app = Starlette(
    routes=[
        Route("/session", create_session, methods=["POST"]),
        Mount("/", StaticFiles(directory=PAGE, html=True)),
    ],
    exception_handlers={AIGateError: explain},
    lifespan=lifespan,
)
