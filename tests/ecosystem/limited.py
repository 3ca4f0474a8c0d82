"""An app whose calls others limit in time: `python -m tests.ecosystem.limited LIMIT URL...`.

It is a program of its own because the limits are signals and patches of a whole process. It calls
each URL with each operation, and prints the class of what ended each call.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

SECONDS = 1
"""The limit. Celery and RQ count whole seconds."""
TIMEOUT = 60.0
"""The client's own limit, which must not be what ends a call."""

CALLING = "tests.ecosystem.calling"
"""What is imported once gevent has patched what it imports."""

Case = tuple[str, str, str]
"""A mode, a URL and an operation."""


def call(case: Case) -> str:
    """Make a call, and return the class of what ended it."""
    mode, url, operation = case
    began = time.monotonic()
    try:
        import_module(CALLING).call(mode, url, operation, timeout=TIMEOUT)
    except Exception as error:
        if time.monotonic() - began > TIMEOUT / 2:
            return f"{error!r}, late"
        return f"{type(error).__module__}.{type(error).__qualname__}"
    return "nothing"


def celery(urls: list[str]) -> None:
    """Celery's worker signals a process of its pool."""
    with TemporaryDirectory() as folder:
        app: Any = import_module("celery").Celery("app", broker="memory://")
        app.conf.broker_transport_options = {"polling_interval": 0.05}
        app.conf.worker_redirect_stdouts = False
        app.conf.result_backend = Path(folder).as_uri()
        limited = app.task(name="limited", soft_time_limit=SECONDS)(call)
        results = [limited.delay(case) for case in cases(urls, "sync", "asyncio")]

        def collect() -> None:
            try:
                patience = {"timeout": TIMEOUT, "interval": 0.05, "disable_sync_subtasks": False}
                report([result.get(**patience) for result in results])
            finally:
                # The worker exits.
                os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=collect).start()
        alone = dict.fromkeys(("without_mingle", "without_gossip", "without_heartbeat"), True)
        app.Worker(pool="prefork", concurrency=len(results), quiet=True, **alone).start()


def rq(urls: list[str], *, penalty: str, modes: tuple[str, ...]) -> None:
    """RQ's worker wraps each job, in a process of its own, in a limit."""
    jobs = list(cases(urls, *modes))
    with get_context("fork").Pool(len(jobs)) as pool:
        report(pool.map(partial(_rq_job, penalty), jobs, chunksize=1))


def _rq_job(penalty: str, case: Case) -> str:
    timeouts: Any = import_module("rq.timeouts")
    with getattr(timeouts, penalty)(SECONDS, timeouts.JobTimeoutException):
        return call(case)


class AppError(TimeoutError):
    """What the app wants to be raised, which could be a socket's too."""


def gevent(urls: list[str]) -> None:
    """gevent's timer throws into a greenlet that waits for a patched socket."""
    library: Any = import_module("gevent")
    import_module("gevent.monkey").patch_all()
    import_module(CALLING)

    def limited(case: Case) -> str:
        with library.Timeout(SECONDS, AppError):
            return call(case)

    calls = [library.spawn(limited, case) for case in cases(urls, "sync")]
    report([one.get() for one in calls])


def cases(urls: list[str], *modes: str) -> product[Case]:
    """Return each call that is made."""
    return product(modes, urls, ("create_session", "get_turn_credentials"))


def report(ended: list[str]) -> None:
    """Tell the test."""
    print(json.dumps(ended), flush=True)


LIMITS: dict[str, Callable[[list[str]], None]] = {
    "celery": celery,
    "rq": partial(rq, penalty="UnixSignalDeathPenalty", modes=("sync", "asyncio")),
    "rq-timer": partial(rq, penalty="TimerDeathPenalty", modes=("sync",)),
    "gevent": gevent,
}

if __name__ == "__main__":
    name, *addresses = sys.argv[1:]
    if name != "gevent":
        # The limit is for the call, not for what it takes to import.
        import_module(CALLING)
    LIMITS[name](addresses)
