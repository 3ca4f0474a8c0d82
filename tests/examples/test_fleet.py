"""The fleet of examples/fleet: by hand, and the services of its compose file, by their commands."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.examples.programs import EXAMPLES, ROOT, Program, documented, free_port, started

FOLDER = EXAMPLES / "fleet"
SERVICES = YAML(typ="safe").load(FOLDER / "compose.yaml")["services"]
_, REDIS, GATE, WORKER = documented(FOLDER / "worker.py")
WINDOW = "2"
FLEETS = {
    "by hand": (GATE[1], WORKER[1], WORKER[0], ROOT),
    "compose": (
        SERVICES["gate"]["command"],
        SERVICES["worker"]["command"],
        SERVICES["worker"]["environment"],
        FOLDER,
    ),
}


@pytest.mark.parametrize("name", FLEETS)
def test_workers_keep_to_the_limits(name: str, redis_url: str) -> None:
    gate_command, worker_command, environment, folder = FLEETS[name]
    port = f"{free_port()}"
    # Names of containers, and the documented port, lead to what runs here.
    told = {
        key: value.replace("gate:8787", f"127.0.0.1:{port}") for key, value in environment.items()
    }
    told = {key: value.replace("8787", port) for key, value in told.items()}
    told |= {"REDIS_URL": redis_url, "WINDOW": WINDOW}
    with ExitStack() as stack:

        def start(command: list[str], **variables: str) -> Program:
            return stack.enter_context(started(command, variables, folder))

        # What is said again goes before what the command says.
        gate = start([*gate_command, "--port", port, "--window", WINDOW])
        gate.wait_for("^http://")
        workers = [start(worker_command, **told) for _ in range(3)]
        # Who didn't wait would be refused at the end of each window, so six times here.
        gate.wait_for("^POST /session 200", count=45)
        for worker in workers:
            worker.wait_for("created aigate_session_")
            assert worker.stop() == 0
        # On a busy machine a request can come too early or late for the window of its turn.
        assert gate.output.count(" 429") <= 3


@pytest.mark.usefixtures("start_redis")
def test_redis_is_started_as_it_says(tmp_path: Path) -> None:
    for command in (REDIS[1], SERVICES["redis"]["command"]):
        with started([*command, "--port", f"{free_port()}", "--dir", str(tmp_path)]) as server:
            server.wait_for("Ready to accept connections")
            assert server.stop() == 0
