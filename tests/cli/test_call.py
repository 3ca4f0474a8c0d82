"""`ai-gate call`, and the doctor's call, with the mock gate as OpenAI."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ai_gate.testing import MockGate
from tests.support.fixtures import Serve
from tests.support.responses import HTML, response
from tests.support.steps import answer

from .conftest import Command

pytest.importorskip("aiortc")


@pytest.fixture
def where(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The options that lead a call to a mock gate."""
    with MockGate(realtime=True) as gate:
        monkeypatch.setenv("AI_GATE_BASE_URL", gate.url)
        yield ["--realtime-url", gate.realtime_url]


def seconds(path: Path) -> float:
    with wave.open(str(path)) as file:
        seconds: float = file.getnframes() / file.getframerate()
        return seconds


def test_a_text_and_then_a_sound(where: list[str], command: Command, tmp_path: Path) -> None:
    first, second = tmp_path / "first.wav", tmp_path / "second.wav"
    said = command("call", "--say", "Good morning", "--out", str(first), *where)
    assert (said.status, said.out, said.err) == (0, "You said: Good morning\n", "")
    assert seconds(first) > 0.3
    heard = command("call", "--wav", str(first), "--out", str(second), *where)
    assert (heard.status, heard.err) == (0, "")
    assert heard.out.startswith("I heard ")
    assert seconds(second) > 0.3


def test_a_transcript_as_it_was_said(command: Command) -> None:
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    said = f"First\n\tsecond\r\n{family} \N{ARABIC LETTER MEEM}\u200f" + "long " * 200
    commands = "\x1b[2J\x1b]0;title\x07\x9b1m\r\x08\u202e\u2066\x7f"
    with MockGate(realtime=True) as gate:
        gate.voice.will_hear(said + commands)
        where = ["--base-url", gate.url, "--realtime-url", gate.realtime_url]
        result = command("call", "--say", said + commands, *where)
    assert said.replace("\r\n", "\n") in result.out
    assert not any(char in result.out for char in commands if not char.isascii() or ord(char) < 32)


@pytest.mark.parametrize(
    ("status", "words"), [(401, "the clock"), (429, "OpenAI's limit"), (500, "try again later")]
)
def test_a_call_that_openai_refuses(status: int, words: str, command: Command) -> None:
    with MockGate(realtime=True) as gate:
        gate.voice.refuse_next(status)
        where = ["--base-url", gate.url, "--realtime-url", gate.realtime_url]
        result = command("call", "--say", "Hi", *where)
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert words in result.err


STRANGE: list[dict[str, Any]] = [
    {},
    {"type": None},
    {"type": ["response.done"]},
    {"type": "response.done_and_more", "response": {"status": "failed"}},
    {"type": "response.output_text.delta"},
    {"type": "response.output_text.delta", "delta": None},
    {"type": "response.output_audio_transcript.delta", "delta": {"a": [1]}},
]
"""Events that end no call."""


@contextmanager
def interrupting(gate: MockGate, *events: dict[str, Any]) -> Iterator[list[str]]:
    """Send events while an answer is on its way; give the options of a call that hears them."""

    def send() -> None:
        gate.voice.wait_until(lambda calls: any(call.events for call in calls), timeout=60)
        for event in events:
            gate.voice.send(event)

    with ThreadPoolExecutor(1) as beside:
        sending = beside.submit(send)
        yield ["--base-url", gate.url, "--realtime-url", gate.realtime_url]
        sending.result()


def test_events_of_another_form_end_no_call(command: Command) -> None:
    with MockGate(realtime=True) as gate, interrupting(gate, *STRANGE) as where:
        result = command("call", "--say", "long " * 60, *where)
    assert (result.status, result.err) == (0, "")
    assert result.out == f"You said: {'long ' * 60}\n"


@pytest.mark.parametrize("response", [None, {}, {"status": ["failed"]}])
def test_an_end_without_a_status_is_an_end(response: Any, command: Command) -> None:
    done = {"type": "response.done", "response": response}
    with MockGate(realtime=True) as gate, interrupting(gate, done) as where:
        result = command("call", "--say", "long " * 60, *where)
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize("error", [None, "Words alone", {}, {"message": ["No words"]}])
def test_an_error_of_another_form_is_shown(error: Any, command: Command) -> None:
    event = {"type": "error", "error": error}
    with MockGate(realtime=True) as gate, interrupting(gate, event) as where:
        result = command("call", "--say", "long " * 60, *where)
    assert (result.status, result.err.count("\n")) == (1, 1)
    assert f"tells of an error: {{'error': {error!r}}}" in result.err


def test_an_answer_that_fails_says_why(command: Command) -> None:
    details = {"type": "failed", "error": {"message": "Nothing is left to pay with"}}
    done = {"type": "response.done", "response": {"status": "failed", "status_details": details}}
    with MockGate(realtime=True) as gate, interrupting(gate, done) as where:
        result = command("call", "--say", "long " * 1000, *where)
    assert result.status == 1
    assert "Nothing is left to pay with" in result.err


def test_a_call_that_nobody_takes(where: list[str], command: Command) -> None:
    result = command("call", "--say", "Hi", "--realtime-url", "http://127.0.0.1:1")
    assert result.status == 4
    assert "check the host and the port of the URL where calls begin" in result.err


def test_a_url_where_no_call_can_begin_costs_nothing(command: Command) -> None:
    with MockGate(ice_servers=[]) as gate:
        where = ["--base-url", gate.url, "--realtime-url", "ftp://openai.test"]
        call = command("call", "--say", "Hi", *where)
        doctor = command("doctor", "--call", "--yes", *where)
        assert (call.status, doctor.status) == (2, 2)
        assert gate.sessions_created() == 0


@pytest.mark.parametrize("status", [200, 302, "511 Network Authentication Required"])
def test_somebody_else_in_openais_place(status: int | str, serve: Serve, command: Command) -> None:
    server = serve(*[answer(lambda request: response(status, HTML))] * 9)
    with MockGate() as gate:
        where = ["--base-url", gate.url, "--realtime-url", server.url]
        result = command("call", "--say", "Hi", *where)
    assert "Something else answers in OpenAI's place" in result.err
    assert "--realtime-url" in result.err


def test_a_file_that_is_no_sound(where: list[str], command: Command, tmp_path: Path) -> None:
    path = tmp_path / "text.wav"
    path.write_text("no sound")
    result = command("call", "--wav", str(path), *where)
    assert result.status == 2
    assert "can't be read as a sound" in result.err


def test_a_file_that_cannot_be_written_costs_nothing(command: Command, tmp_path: Path) -> None:
    out = ["--out", str(tmp_path / "none" / "a.wav")]
    with MockGate() as gate:
        result = command("call", "--say", "Hi", *out, "--base-url", gate.url)
    assert (result.status, result.out) == (1, "")
    assert result.err.startswith("ai-gate: ")
    assert len(result.err.splitlines()) == 1
    assert gate.sessions_created() == 0


@pytest.mark.parametrize("content", [None, b"an earlier recording"])
def test_a_failed_call_leaves_the_file_as_it_was(
    content: bytes | None, command: Command, tmp_path: Path
) -> None:
    path, link = tmp_path / "a.wav", tmp_path / "link.wav"
    link.symlink_to(path)
    if content is not None:
        path.write_bytes(content)
    with MockGate(realtime=True) as gate:
        gate.voice.refuse_next(500)
        where = ["--base-url", gate.url, "--realtime-url", gate.realtime_url]
        assert command("call", "--say", "Hi", "--out", str(link), *where).status == 1
    assert link.is_symlink()
    assert (path.read_bytes() if path.exists() else None) == content


def test_the_doctor_calls(where: list[str], command: Command) -> None:
    result = command("doctor", "--call", "--yes", "--json", *where)
    assert result.status == 0
    step = result.step("call")
    assert " to " in step["about"]
    assert "audio after " in step["detail"]
