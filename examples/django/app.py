"""Sessions for browsers, with Django: for its own page's signed-in users, five an hour each.

    pip install ai-gate django limits uvicorn

With sync views, or, under an ASGI server, with async ones, which hold no thread while they wait:

    AI_GATE_PROJECT_ID=your-project-id python examples/django/app.py runserver
    AI_GATE_PROJECT_ID=your-project-id uvicorn --app-dir examples/django app:asgi

Open http://127.0.0.1:8000 and talk. Elsewhere, set ALLOWED_ORIGINS=https://app.example.
"""

import atexit
import logging
import math
import os
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from django.views.static import serve
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ai_gate import (
    AIGateClient,
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
# Several processes: RedisStorage(url), and in async views limits.aio, which doesn't hold the loop.
limiter = MovingWindowRateLimiter(MemoryStorage())
# One of each kind for all requests. A client that isn't used opens no connection.
client = AIGateClient.from_env(timeout=10.0)
async_client = AsyncAIGateClient.from_env(timeout=10.0)
atexit.register(client.close)


# The check of the Origin stands for CSRF's token. Other views of an app keep theirs.
@csrf_exempt
@require_POST
def create_session(request: HttpRequest) -> JsonResponse:
    """Create a session for a signed-in user of the app's own page."""
    if refusal := refused(request):
        return refusal
    try:
        session = client.create_session(model="gpt-realtime", voice="marin")
        return given(session)
    except AIGateError as error:
        return explained(error)


@csrf_exempt
@require_POST
async def create_session_async(request: HttpRequest) -> JsonResponse:
    """Do the same in an event loop."""
    if refusal := refused(request):
        return refusal
    try:
        session = await async_client.create_session(model="gpt-realtime", voice="marin")
        return given(session)
    except AIGateError as error:
        return explained(error)


def refused(request: HttpRequest) -> JsonResponse | None:
    """Check who asks. In this order: what is refused isn't counted, nor what isn't billed."""
    # A browser sends its user's cookies whichever site's page asks.
    if request.headers.get("Origin") not in ORIGINS:
        return answer(403, "Sessions are for this app's own page.")
    # It stands for your login: anybody can write such a cookie.
    user = request.COOKIES.get("user")
    if user not in USERS:
        return answer(401, "Please sign in.")
    # So that no user can use up what all of them share.
    if not limiter.hit(EACH_USER, user):
        wait = math.ceil(limiter.get_window_stats(EACH_USER, user).reset_time - time.time())
        return answer(429, "No calls are left for now.", wait)
    return None


def given(session: SessionResponse) -> JsonResponse:
    """Give what a call needs; the rest of the session, and the project ID, stay here."""
    try:
        needed = {
            "model": session["model"],
            "client_secret": session["client_secret"]["value"],
            "ice_servers": session["turn_credentials"]["iceServers"],
            "realtime_url": REALTIME_URL,
        }
    except (KeyError, TypeError) as error:
        raise AIGateError("The session came without what a call needs.") from error
    return JsonResponse(needed, headers={"Cache-Control": "no-store"})


def explained(error: AIGateError) -> JsonResponse:
    """Answer in the app's own words. The log gets the SDK's, in which secrets are masked."""
    log.warning("No session: %s (request %s)", error, error.request_id)
    if isinstance(error, QuotaExceededError):
        return answer(402, "This month's calls are used up.")
    wait = math.ceil(error.retry_after or 60)
    if isinstance(error, RateLimitError | ConcurrentLimitError):
        return answer(429, "All lines are busy.", wait)
    return answer(503, "Calls don't work at the moment.", wait)


def answer(status: int, message: str, wait: int | None = None) -> JsonResponse:
    """Tell what went wrong, and in how many seconds it may be better."""
    headers = {} if wait is None else {"Retry-After": str(max(1, wait))}
    return JsonResponse({"message": message}, status=status, headers=headers)


def page(request: HttpRequest, file: str = "index.html") -> HttpResponseBase:
    """Give the page, and sign its visitor in: your login goes here."""
    response: HttpResponseBase = serve(request, file, document_root=str(PAGE))
    response.set_cookie("user", "ada", httponly=True, samesite="Strict")
    return response


settings.configure(
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost").split(","),
    # It is what compares a request's host with these.
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)
urlpatterns = [
    path("session", create_session),
    path("async/session", create_session_async),
    path("", page),
    path("<path:file>", page),
]
wsgi = get_wsgi_application()
django_asgi = get_asgi_application()


async def asgi(scope: Any, receive: Any, send: Any) -> None:
    """Close the async client when the server stops, of which Django isn't told."""
    if scope["type"] != "lifespan":
        await django_asgi(scope, receive, send)
        return
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await async_client.close()
    await send({"type": "lifespan.shutdown.complete"})


if __name__ == "__main__":
    execute_from_command_line(sys.argv)
