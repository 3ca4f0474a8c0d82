"""Sessions from a Celery worker, with time limits, and tried again only if nothing is billed twice.

    pip install ai-gate "celery[redis]"
    AI_GATE_PROJECT_ID=your-project-id celery --workdir examples/celery -A tasks worker

And in another terminal, where the session is asked for:

    celery --workdir examples/celery -A tasks call tasks.create_session
"""

import os
from functools import cache
from typing import Any

from celery import Celery, Task
from celery.signals import worker_process_shutdown

from ai_gate import AIGateClient, AIGateError

REDIS = os.environ.get("REDIS_URL", "redis://localhost:6379/0")

PATIENCE = 60
"""How long somebody waits for a session, in seconds: a later one is billed and not used."""

app = Celery("tasks", broker=REDIS, backend=REDIS)
app.conf.update(
    # A message is off the queue before its task begins, so that a worker which is killed loses a
    # session and doesn't have it billed twice. It is Celery's default, and must stay so here.
    task_acks_late=False,
    # The result has the client secret in it, which is good for a minute.
    result_expires=60,
)


@cache
def client() -> AIGateClient:
    """Make this process's client. Who only asks for sessions, a web server, needs no project ID."""
    return AIGateClient.from_env(timeout=10.0)


@worker_process_shutdown.connect
def close(**_: Any) -> None:
    """Close the connections of a process that ends."""
    client().close()


@app.task(
    bind=True,
    # The client's own limit comes first: its error says whether anything was sent. These two are
    # for whatever else may hang.
    soft_time_limit=20,
    time_limit=30,
    max_retries=5,
    expires=PATIENCE,
    # Celery logs what a task returns. This is how much of it.
    resultrepr_maxsize=1,
)
def create_session(self: "Task[..., Any]", voice: str = "marin") -> dict[str, Any]:
    """Create a session, and return what a call needs of it."""
    gate = client()
    try:
        session = gate.create_session(model="gpt-realtime", voice=voice)
    except AIGateError as error:
        wait = error.retry_after or 2**self.request.retries
        if wait > PATIENCE or not is_certainly_unbilled(error):
            raise
        raise self.retry(exc=error, countdown=wait) from error
    return {
        "model": session["model"],
        "client_secret": session["client_secret"]["value"],
        "ice_servers": session["turn_credentials"]["iceServers"],
    }


def is_certainly_unbilled(error: AIGateError) -> bool:
    """Return True if nothing was sent, or the gate refused it for the time being.

    After a 5xx or a response that was lost, OpenAI may have created the session.
    """
    return not error.sent or error.status_code == 429
