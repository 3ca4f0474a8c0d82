"""What a failure of a row means: for the SDK's own another thing than for another library's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks.failure import WorkerError
from benchmarks.results import Result, absolute
from benchmarks.rows import ROWS

DONE = absolute("row", "ai-gate", [1.0, 3.0, 2.0], "µs")


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def running(full: bool) -> Iterator[bool]:
        yield full

    monkeypatch.setattr(command, "running", running)


def row(*outcomes: list[Result] | BaseException) -> Callable[[object], list[Result]]:
    """A row that comes out so, time by time."""
    left = list(outcomes)

    def measure(bench: object) -> list[Result]:
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return measure


def written(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return document


@pytest.mark.parametrize(
    ("who", "status", "failed"),
    [("httpx", 0, []), ("ai-gate", 1, ["sync"]), ("ai-gate over aiohttp", 1, ["sync"])],
)
def test_only_another_librarys_failure_is_tried_again(
    who: str, status: int, failed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROWS, "sync", row(WorkerError(who), [DONE]))
    monkeypatch.setitem(ROWS, "async", row([DONE]))
    path = tmp_path / "results.json"
    assert command.main(["sync", "async", "--json", str(path)]) == status
    document = written(path)
    assert document["failed"] == failed
    assert len(document["results"]) == 2 - len(failed)


def test_the_json_is_written_when_the_run_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROWS, "sync", row([DONE]))
    monkeypatch.setitem(ROWS, "async", row(KeyboardInterrupt()))
    path = tmp_path / "results.json"
    with pytest.raises(KeyboardInterrupt):
        command.main(["sync", "async", "--json", str(path)])
    [result] = written(path)["results"]
    assert result["value"]["values"] == [1.0, 3.0, 2.0]
