"""The workers of Celery and RQ: what they return, try again, and never send twice."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from celery import Celery

from ai_gate.testing import MockGate
from tests.examples.programs import (
    EXAMPLES,
    PATIENCE,
    PROJECT,
    SECRETS,
    Program,
    documented,
    started,
)

(_, WORKER), (_, CALL) = documented(EXAMPLES / "celery" / "tasks.py")
(_, RQ_WORKER), (_, ENQUEUE) = documented(EXAMPLES / "rq" / "jobs.py")


@pytest.fixture
def environment(gate: MockGate, redis_url: str) -> dict[str, str]:
    """What the workers are told."""
    return {
        "AI_GATE_PROJECT_ID": PROJECT,
        "AI_GATE_BASE_URL": gate.url,
        "REDIS_URL": redis_url,
        "RQ_REDIS_URL": redis_url,
    }


def output(arguments: list[str], environment: dict[str, str]) -> str:
    """Run a command, which needn't know the project, and return what it prints."""
    told = {name: value for name, value in environment.items() if name != "AI_GATE_PROJECT_ID"}
    with started(arguments, told) as program:
        assert program.end() == 0, program.output
        return program.output


@pytest.fixture
def queue(redis_url: str) -> Celery:
    """What Celery's command uses too, without the second of CPU that it takes to start."""
    return Celery(broker=redis_url, backend=redis_url, set_as_current=False)


def ask(queue: Celery) -> str:
    """Have Celery create a session, and return the task's ID."""
    return str(queue.send_task("tasks.create_session").id)


def gate_heard(gate: MockGate) -> None:
    """Wait until a request has come."""
    until = time.monotonic() + PATIENCE
    while not gate.received and time.monotonic() < until:
        time.sleep(0.01)


class TestCelery:
    """The example under Celery's own command."""

    @pytest.fixture
    def worker(self, environment: dict[str, str]) -> Iterator[Program]:
        """A worker with two processes, which logs what Celery logs of tasks."""
        options = ["--loglevel", "INFO", "--concurrency", "2"]
        with started([*WORKER, *options], environment) as program:
            program.wait_for(r"celery@\S+ ready\.")
            yield program
            assert program.stop() == 0
            assert not [it for it in SECRETS if it in program.output], program.output

    # One after the other, since a worker takes seconds to start and to stop.
    def test_a_session_and_what_is_tried_again(
        self,
        worker: Program,
        environment: dict[str, str],
        queue: Celery,
        gate: MockGate,
        redis_url: str,
    ) -> None:
        task = output(CALL, environment).strip()
        session = output([*CALL[:5], "result", task], environment)
        assert "ek_" in session
        assert PROJECT not in session
        assert gate.sessions_created(PROJECT) == 1
        worker.wait_for("succeeded in")
        with redis.Redis.from_url(redis_url) as store:
            assert 0 < store.ttl(f"celery-task-meta-{task}") <= 60
        # The gate refuses it for the time being.
        gate.respond_next(429, "concurrent_limit_without_hint")
        ask(queue)
        worker.wait_for("retry: Retry in 1s")
        worker.wait_for("succeeded in", count=2)
        assert len(gate.received) == 3
        # The gate can't be reached.
        gate.close()
        ask(queue)
        worker.wait_for("retry: Retry in 1s", count=2)
        gate.start()
        worker.wait_for("succeeded in", count=3)
        assert len(gate.received) == 4
        # The session may be billed, or comes when nobody waits for it any more.
        faults = ("internal_error", "reset_in_body", "rate_limit")
        for number, fault in enumerate(faults, start=1):
            gate.fail_next(fault)
            ask(queue)
            worker.wait_for(r"raised unexpected: \w+Error", count=number)
            assert len(gate.received) == 4 + number

    @pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="it takes Linux's /proc")
    def test_a_worker_that_is_killed(self, worker: Program, queue: Celery, gate: MockGate) -> None:
        gate.fail_next("stall_in_body")
        ask(queue)
        gate_heard(gate)
        main = worker.process.pid
        for child in Path(f"/proc/{main}/task/{main}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        worker.wait_for("WorkerLostError")
        # The processes that took their place have taken up nothing.
        queue.AsyncResult(ask(queue)).get(timeout=PATIENCE)
        assert len(gate.received) == 2


class TestRQ:
    """The example under RQ's own command."""

    @pytest.fixture
    def worker(self, environment: dict[str, str]) -> Iterator[Program]:
        """A worker."""
        with started(RQ_WORKER, environment) as program:
            program.wait_for("Listening on default")
            yield program
            assert program.stop() == 0
            assert not [it for it in SECRETS if it in program.output], program.output

    def test_a_refusal_is_waited_out(
        self, worker: Program, environment: dict[str, str], gate: MockGate, redis_url: str
    ) -> None:
        gate.respond_next(429, "concurrent_limit_without_hint")
        job = re.findall(r"[0-9a-f-]{36}", output(ENQUEUE, environment))[0]
        worker.wait_for("Job OK")
        assert gate.sessions_created(PROJECT) == 1
        with redis.Redis.from_url(redis_url) as store:
            assert 0 < store.ttl(f"rq:job:{job}") <= 60

    def test_what_may_be_billed_for_nothing_is_not_repeated(
        self, worker: Program, environment: dict[str, str], gate: MockGate
    ) -> None:
        for number, fault in enumerate(("internal_error", "rate_limit"), start=1):
            gate.fail_next(fault)
            output(ENQUEUE, environment)
            worker.wait_for(r"ai_gate\.errors\.\w+Error: ", count=number)
            assert len(gate.received) == number
