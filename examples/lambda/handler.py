"""Sessions for browsers, from AWS Lambda behind an HTTP API of API Gateway with a JWT authorizer.

    pip install --target function ai-gate
    cp examples/lambda/handler.py function

Use the pip of the function's Python version: which packages are needed depends on it. Zip what is
in `function`; it is Python alone and fits any machine. The handler is `handler.handler`, its
timeout 15 s, its variables are AI_GATE_PROJECT_ID and ALLOWED_ORIGIN.
"""

import json
import math
import os
from typing import Any

from ai_gate import (
    AIGateClient,
    AIGateError,
    ConcurrentLimitError,
    QuotaExceededError,
    RateLimitError,
)

# Outside of the handler, so that its connections are kept from one invocation to the next. Those
# that have died while Lambda had the process frozen aren't used.
# Its time ends before the function's: its error says whether a session may be billed, Lambda's not.
client = AIGateClient.from_env(timeout=10.0)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Create a session for a user whose token the authorizer has checked."""
    if event["headers"].get("origin") != os.environ["ALLOWED_ORIGIN"]:
        return answer(403, {"message": "Sessions are for this app's own page."})
    try:
        session = client.create_session(model="gpt-realtime", voice="marin")
        return answer(
            200,
            {
                "model": session["model"],
                "client_secret": session["client_secret"]["value"],
                "ice_servers": session["turn_credentials"]["iceServers"],
            },
        )
    except (AIGateError, KeyError, TypeError) as error:
        # Answered, not raised: Lambda repeats an event whose handler raises, unless it is a request
        # to an API, and each session is billed.
        return explained(error)


def explained(error: Exception) -> dict[str, Any]:
    """Answer in the app's own words. The log gets the SDK's, in which secrets are masked."""
    print(f"No session: {type(error).__name__}: {error}")
    wait = {"Retry-After": str(math.ceil(getattr(error, "retry_after", None) or 60))}
    if isinstance(error, QuotaExceededError):
        return answer(402, {"message": "This month's calls are used up."})
    if isinstance(error, RateLimitError | ConcurrentLimitError):
        return answer(429, {"message": "All lines are busy."}, wait)
    return answer(503, {"message": "Calls don't work at the moment."}, wait)


def answer(
    status: int, content: dict[str, object], headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """Make an answer of API Gateway's format 2.0, which nobody keeps."""
    fixed = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": fixed | (headers or {}), "body": json.dumps(content)}
