"""The command that measures: what it refuses, what a failure means, and what it writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks import __main__ as command
from benchmarks import machine
from benchmarks.picture import picture
from benchmarks.processes import ProcessError
from benchmarks.results import Result, absolute, beside
from benchmarks.rows import ROWS

DONE = absolute("row", "ai-gate", [1.0, 3.0, 2.0], "µs")


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def running(full: bool) -> Iterator[bool]:
        yield full

    monkeypatch.setattr(command, "running", running)
    # The tests run where everything is installed.
    monkeypatch.setattr(machine, "UNFAIR", ())


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


def test_nothing_is_measured_beside_a_slow_httpx(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "UNFAIR", ("pytest", "not_installed"))
    monkeypatch.setitem(ROWS, "sync", row())
    with pytest.raises(SystemExit) as caught:
        command.main(["sync"])
    assert caught.value.code == 2
    assert "error: pytest installed here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("who", "status", "failed"),
    [("httpx", 0, []), ("ai-gate", 1, ["sync"]), ("ai-gate over aiohttp", 1, ["sync"])],
)
def test_only_another_librarys_failure_is_tried_again(
    who: str, status: int, failed: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ROWS, "sync", row(ProcessError(who), [DONE]))
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


def test_the_picture_has_a_bar_for_each_ratio_to_httpx() -> None:
    values = {"ai-gate": [25.0], "openai": [400.0], "httpx": [100.0]}
    results = [
        *beside("httpx", "call & answer", values, "µs"),
        *beside("openai", "call & answer", values, "µs"),
    ]
    drawn = ElementTree.fromstring(picture(results))  # noqa: S314 - ours
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[2:] == ["call & answer", "ai-gate", "0.25", "openai", "4.00 …"]
    ours, others = list(drawn.iter("{http://www.w3.org/2000/svg}rect"))[1:]
    assert float(others.attrib["width"]) == pytest.approx(10 * float(ours.attrib["width"]), abs=1)
