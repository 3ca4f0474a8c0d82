"""examples/voice_tools.py as a program in a pipe, which talks with a mock gate."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ai_gate.testing import MockGate
from examples.voice_tools import listen, run_tool
from tests.examples.programs import EXAMPLES, PROJECT, SECRETS, Program, started
from tests.voice.calling import loudness, tone

RATE = 24000
QUESTION = "What's the weather like in Oslo?"
# aioice leaves the addresses of loopback out, and a machine may have no other.
ON_LOOPBACK = """\
import runpy, sys
import aioice.ice
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
runpy.run_path(sys.argv[1], run_name="__main__")
"""


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockGate]:
    """A gate with a voice."""
    monkeypatch.setattr("aioice.ice.get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])
    with MockGate(realtime=True) as gate:
        yield gate
        gate.assert_no_violations()


@contextmanager
def talking(gate: MockGate, sound: Path) -> Iterator[Program]:
    """Start the program."""
    command = [sys.executable, "-c", ON_LOOPBACK, str(EXAMPLES / "voice_tools.py")]
    environment = {
        "AI_GATE_PROJECT_ID": PROJECT,
        "AI_GATE_BASE_URL": gate.url,
        "REALTIME_URL": gate.realtime_url,
    }
    with started(command, environment, sound=sound) as program:
        yield program
        assert not [one for one in SECRETS if one in program.output]


def test_a_question_that_takes_a_tool(gate: MockGate, tmp_path: Path) -> None:
    sound = tmp_path / "answer.pcm"
    gate.voice.will_hear(QUESTION)
    gate.voice.will_call("get_weather", {"city": "Oslo"})
    with talking(gate, sound) as program:
        program.wait_for("^Call: open")
        program.give(tone(0.5, RATE) + bytes(RATE))
        program.wait_for(f"^You: {QUESTION}".replace("?", r"\?"))
        program.wait_for(r'^Tool: get_weather\({"city": "Oslo"}\) -> {.*"rain"')
        program.wait_for(r'^Model: You said: {"city": "Oslo", "sky": "rain"')
        program.give_no_more()
        assert program.end() == 0, program.output
    assert loudness(sound.read_bytes()) > 100
    (call,) = gate.voice.wait_until(lambda calls: calls[0].state == "closed")
    assert [event["type"] for event in call.events] == [
        "conversation.item.create",
        "response.create",
    ]
    assert json.loads(call.events[0]["item"]["output"])["sky"] == "rain"
    assert b"get_weather" in gate.received[0].body


def test_the_model_hangs_up(gate: MockGate, tmp_path: Path) -> None:
    with talking(gate, tmp_path / "answer.pcm") as program:
        program.wait_for("^Call: open")
        gate.voice.hang_up()
        # A microphone goes on.
        with suppress(BrokenPipeError):
            while program.process.poll() is None:
                program.give(bytes(960))
        assert program.end() == 0, program.output


def test_a_refused_session(gate: MockGate, tmp_path: Path) -> None:
    gate.respond_next(402, "quota_exceeded")
    with talking(gate, tmp_path / "answer.pcm") as program:
        assert program.end() == 1
        assert program.output.startswith("Quota exceeded: ")


def test_a_tool_that_cannot_be_called() -> None:
    assert json.loads(run_tool("hang_up", "{}")) == {"error": "KeyError: 'hang_up'"}
    assert "JSONDecodeError" in run_tool("get_weather", '{"city')
    assert "TypeError" in run_tool("get_weather", '{"town": "Oslo"}')


class Interrupted:
    """A call in which the user speaks."""

    def __init__(self) -> None:
        self.cleared = 0

    async def __aiter__(self) -> Any:
        yield {"type": "input_audio_buffer.speech_started"}

    def clear_audio(self) -> None:
        self.cleared += 1


def test_who_speaks_interrupts() -> None:
    call: Any = Interrupted()

    async def hear() -> None:
        async with asyncio.TaskGroup() as tasks:
            await listen(call, tasks)

    asyncio.run(hear())
    assert call.cleared == 1
