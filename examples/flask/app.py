"""Sessions for browsers, with Flask: for its own page's signed-in users, five an hour each.

    pip install ai-gate flask limits
    AI_GATE_PROJECT_ID=your-project-id flask --app examples/flask/app.py run

Open http://127.0.0.1:5000 and talk. Elsewhere, set ALLOWED_ORIGINS=https://app.example.
"""

import atexit
import math
import os
import time
from pathlib import Path

from flask import Flask, Response, abort, make_response, request
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ai_gate import (
    AIGateClient,
    AIGateError,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimitError,
)
from ai_gate.types import SessionResponse

PAGE = Path(__file__).parents[1] / "browser" / "page"
USERS = {"ada", "alan"}
EACH_USER = parse("5/hour")
OWN = "http://127.0.0.1:5000,http://localhost:5000"
ORIGINS = os.environ.get("ALLOWED_ORIGINS", OWN).split(",")
REALTIME_URL = os.environ.get("REALTIME_URL", "https://api.openai.com/v1/realtime")

app = Flask(__name__, static_folder=PAGE, static_url_path="")
limiter = MovingWindowRateLimiter(MemoryStorage())  # Several processes: RedisStorage(url)
# One for all threads; a process that is forked opens connections of its own.
client = AIGateClient.from_env(timeout=10.0)
atexit.register(client.close)


@app.post("/session")
def create_session() -> Response:
    """Create a session for a signed-in user of the app's own page."""
    # In this order: what is refused isn't counted, and what isn't counted isn't billed.
    check_origin()
    check_limit(signed_in())
    session = client.create_session(model="gpt-realtime", voice="marin")
    return make_response(needed_of(session), {"Cache-Control": "no-store"})


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


def check_origin() -> None:
    """Refuse other sites' pages, since a browser sends its user's cookies whichever page asks."""
    if request.headers.get("Origin") not in ORIGINS:
        abort(answer(403, "Sessions are for this app's own page."))


def signed_in() -> str:
    """Return who asks. It stands for your login: anybody can write such a cookie."""
    user = request.cookies.get("user")
    if user not in USERS:
        abort(answer(401, "Please sign in."))
    return user


def check_limit(user: str) -> None:
    """Count the session, so that no user can use up what all of them share."""
    if not limiter.hit(EACH_USER, user):
        wait = math.ceil(limiter.get_window_stats(EACH_USER, user).reset_time - time.time())
        abort(answer(429, "No calls are left for now.", wait))


@app.errorhandler(AIGateError)
def explain(error: AIGateError) -> Response:
    """Answer in the app's own words. The log gets the SDK's, in which secrets are masked."""
    app.logger.warning("No session: %s (request %s)", error, error.request_id)
    if isinstance(error, QuotaExceededError):
        return answer(402, "This month's calls are used up.")
    wait = math.ceil(error.retry_after or 60)
    if isinstance(error, RateLimitError | ConcurrentLimitError):
        return answer(429, "All lines are busy.", wait)
    return answer(503, "Calls don't work at the moment.", wait)


def answer(status: int, message: str, wait: int | None = None) -> Response:
    """Tell what went wrong, and in how many seconds it may be better."""
    headers = {} if wait is None else {"Retry-After": str(max(1, wait))}
    return make_response({"message": message}, status, headers)


@app.get("/")
def page() -> Response:
    """Give the page, and sign its visitor in: your login goes here."""
    response = app.send_static_file("index.html")
    response.set_cookie("user", "ada", httponly=True, samesite="Strict")
    return response
