"""Sessions for browsers, with FastAPI: for its own page's signed-in users, five an hour each.

    pip install ai-gate fastapi limits uvicorn
    AI_GATE_PROJECT_ID=your-project-id uvicorn --app-dir examples/fastapi app:app

Open http://127.0.0.1:8000 and talk. Elsewhere, set ALLOWED_ORIGINS=https://app.example.
"""

import logging
import math
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypedDict

from fastapi import Cookie, Depends, FastAPI, Header, HTTPException, Request
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from ai_gate import (
    AIGateError,
    AsyncAIGateClient,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimitError,
)
from ai_gate.types import SessionResponse

PAGE = Path(__file__).parents[1] / "browser" / "page"
USERS = {"ada", "alan"}
EACH_USER = parse("5/hour")
OWN = "http://127.0.0.1:8000,http://localhost:8000"
ORIGINS = os.environ.get("ALLOWED_ORIGINS", OWN).split(",")
REALTIME_URL = os.environ.get("REALTIME_URL", "https://api.openai.com/v1/realtime")

log = logging.getLogger(__name__)
limiter = MovingWindowRateLimiter(MemoryStorage())  # Several processes: RedisStorage(url)


class State(TypedDict):
    client: AsyncAIGateClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    """Share one client, and the connections that it keeps, among all requests."""
    async with AsyncAIGateClient.from_env(timeout=10.0) as client:
        yield {"client": client}


app = FastAPI(lifespan=lifespan)


def check_origin(origin: Annotated[str | None, Header()] = None) -> None:
    """Refuse other sites' pages, since a browser sends its user's cookies whichever page asks."""
    if origin not in ORIGINS:
        raise HTTPException(403, "Sessions are for this app's own page.")


def signed_in(user: Annotated[str | None, Cookie()] = None) -> str:
    """Return who asks. It stands for your login: anybody can write such a cookie."""
    if user not in USERS:
        raise HTTPException(401, "Please sign in.")
    return user


async def within_limit(user: Annotated[str, Depends(signed_in)]) -> None:
    """Count the session, so that no user can use up what all of them share."""
    if not await limiter.hit(EACH_USER, user):
        reset = (await limiter.get_window_stats(EACH_USER, user)).reset_time
        wait = max(1, math.ceil(reset - time.time()))
        raise HTTPException(429, "No calls are left for now.", {"Retry-After": str(wait)})


# In this order: what is refused isn't counted, and what isn't counted isn't billed.
@app.post("/session", dependencies=[Depends(check_origin), Depends(within_limit)])
async def create_session(request: Request) -> JSONResponse:
    """Create a session for a signed-in user of the app's own page."""
    client: AsyncAIGateClient = request.state.client
    session = await client.create_session(model="gpt-realtime", voice="marin")
    return JSONResponse(needed_of(session), headers={"Cache-Control": "no-store"})


def needed_of(session: SessionResponse) -> dict[str, object]:
    """Take what a call needs; the rest of the session, and the project ID, stay here."""
    try:
        return {
            "model": session["model"],
            "client_secret": session["client_secret"]["value"],
            "ice_servers": session["turn_credentials"]["iceServers"],
            "realtime_url": REALTIME_URL,
        }
    except (KeyError, TypeError) as error:
        raise AIGateError("The session came without what a call needs.") from error


@app.exception_handler(AIGateError)
async def explain(_: Request, error: AIGateError) -> JSONResponse:
    """Answer in the app's own words. The log gets the SDK's, in which secrets are masked."""
    log.warning("No session: %s (request %s)", error, error.request_id)
    if isinstance(error, QuotaExceededError):
        return JSONResponse({"detail": "This month's calls are used up."}, 402)
    wait = {"Retry-After": str(math.ceil(error.retry_after or 60))}
    if isinstance(error, RateLimitError | ConcurrentLimitError):
        return JSONResponse({"detail": "All lines are busy."}, 429, wait)
    return JSONResponse({"detail": "Calls don't work at the moment."}, 503, wait)


@app.get("/")
def page() -> FileResponse:
    """Give the page, and sign its visitor in: your login goes here."""
    response = FileResponse(PAGE / "index.html")
    response.set_cookie("user", "ada", httponly=True, samesite="strict")
    return response


app.mount("/", StaticFiles(directory=PAGE))
