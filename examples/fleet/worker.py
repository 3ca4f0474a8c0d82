"""Workers that share a project's limits through Redis, so that the gate need refuse none of them.

With a mock gate, Redis and three workers, in containers:

    docker compose --file examples/fleet/compose.yaml up

By hand, each in a terminal of its own, and as many workers as you like:

    redis-server
    python -m ai_gate.testing --requests 20 --window 10 --concurrent none --quota none
    export AI_GATE_BASE_URL=http://127.0.0.1:8787 AI_GATE_PROJECT_ID=proj_demo
    WINDOW=10 python examples/fleet/worker.py

It takes `pip install "ai-gate[redis,testing]"`. The mock gate prints each answer: none is a 429.
Never run it with the real gate: each session is billed, and it creates all that the limits allow.
"""

import os
import signal
import threading

from ai_gate import AIGateClient, AIGateError
from ai_gate.limits import Limiter


def main() -> None:
    """Create sessions, as fast as all workers together may, until the process is told to stop."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    name = f"worker {os.getpid()}:"
    # How many requests there are in a window, the gate's answers say; how long one is, they don't.
    # With `concurrent=5` it also counts live sessions, until `limiter.release(session)`.
    limiter = Limiter(
        os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0"),
        window=float(os.environ.get("WINDOW", "900")),
    )
    # A turn is waited for within the call's time.
    with AIGateClient.from_env(limiter=limiter, timeout=60.0) as client:
        while not stopped.is_set():
            try:
                session = client.create_session(model="gpt-realtime")
            except AIGateError as error:
                # If it wasn't sent, no turn came in time or the gate can't be reached.
                print(name, error, flush=True)
                stopped.wait(error.retry_after or 1.0)
            else:
                print(name, "created", session["session_id"], flush=True)


if __name__ == "__main__":
    main()
