"""Sessions from an RQ worker, tried again only if nothing is billed twice.

    pip install ai-gate rq
    AI_GATE_PROJECT_ID=your-project-id rq worker --with-scheduler --path examples/rq

And in another terminal, where the session is asked for:

    rq enqueue --path examples/rq --timeout 20 --result-ttl 60 jobs.create_session
"""

from typing import Any

from rq import Retry

from ai_gate import AIGateClient, AIGateError


def create_session(voice: str = "marin") -> dict[str, Any] | Retry:
    """Create a session, and return what a call needs of it."""
    # RQ forks a process for each job, so there are no connections to keep.
    with AIGateClient.from_env(timeout=10.0) as client:
        try:
            session = client.create_session(model="gpt-realtime", voice=voice)
        except AIGateError as error:
            wait = error.retry_after or 5
            # Never `enqueue(..., retry=...)`, which repeats whatever failed. A 429, and what wasn't
            # sent, is certainly not billed. After a minute nobody waits for a session any more.
            if wait > 60 or (error.sent and error.status_code != 429):
                raise
            return Retry(max=5, interval=round(wait))
    return {
        "model": session["model"],
        "client_secret": session["client_secret"]["value"],
        "ice_servers": session["turn_credentials"]["iceServers"],
    }
