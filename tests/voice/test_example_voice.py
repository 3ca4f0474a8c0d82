"""examples/voice.py, as a program."""

from __future__ import annotations

import asyncio
import re
import runpy
import subprocess
import sys
import wave
from pathlib import Path

import pytest

from ai_gate import AIGateError, AsyncAIGateClient
from ai_gate.testing import MockGate
from ai_gate.webrtc import Call
from examples.voice import RATE, Recorder, hum, read, talk
from tests.voice.calling import frequency, loudness, tone

PROGRAM = Path(__file__).resolve().parents[2] / "examples" / "voice.py"
PROJECT = "proj_of_the_example"
SECONDS = 0.5


def write_wav(path: Path, rate: int, channels: int, width: int = 2) -> None:
    """Write half a second of a tone."""
    pcm = tone(SECONDS, rate)
    frames = [pcm[index : index + 2][:width] * channels for index in range(0, len(pcm), 2)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(b"".join(frames))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run it with these arguments."""
    monkeypatch.setattr(sys, "argv", [str(PROGRAM), *arguments])
    runpy.run_path(str(PROGRAM), run_name="__main__")


def heard(output: str) -> float:
    """The seconds of sound that the mock gate says it has heard."""
    told = re.search(r"^I heard (\d+\.\d) seconds of sound$", output, re.MULTILINE)
    assert told is not None, output
    return float(told[1])


def check_answer(path: Path, output: str) -> None:
    """Check what was written, and that it was told."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        seconds = file.getnframes() / RATE
        pcm = file.readframes(file.getnframes())
    assert seconds > 0.4
    assert loudness(pcm) > 500
    assert f"Wrote {path}: the answer, {seconds:.1f} s\n" in output


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    """Where the answer goes."""
    return tmp_path / "answer.wav"


@pytest.mark.usefixtures("on_loopback")
def test_with_the_mock_gate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AI_GATE_PROJECT_ID", raising=False)
    run(monkeypatch, "--mock")
    output = capsys.readouterr().out
    # The hum's 1.5 s, of which the pauses between its syllables may be counted or not.
    assert 1.0 <= heard(output) <= 2.0
    check_answer(Path("answer.wav"), output)


@pytest.mark.parametrize("api", ["calls", "beta"])
def test_with_the_gate_of_the_environment(
    gate: MockGate,
    api: str,
    answer: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    gate.voice.only(api)  # type: ignore[arg-type]
    for name, value in (("PROJECT_ID", PROJECT), ("BASE_URL", gate.url)):
        monkeypatch.setenv(f"AI_GATE_{name}", value)
    monkeypatch.setenv("REALTIME_URL", gate.realtime_url)
    question = answer.with_name("question.wav")
    write_wav(question, 44100, 2)
    run(monkeypatch, str(question), "--answer", str(answer), "--model", "gpt-realtime-mini")
    output = capsys.readouterr().out
    # The tone's 0.5 s in frames of 20 ms: a busy machine loses some of them, and Opus lets the tone
    # begin and end in frames of its own.
    assert 0.3 <= heard(output) <= 0.8
    check_answer(answer, output)
    (call,) = gate.voice.wait_until(lambda calls: calls[0].state == "closed")
    assert (call.api, call.model) == (api, "gpt-realtime-mini")
    assert PROJECT not in output


def test_a_failure_to_record_is_told(gate: MockGate, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(self: Recorder, call: Call) -> None:
        raise AIGateError("The disk is full.")

    monkeypatch.setattr(Recorder, "record", fail)
    client = AsyncAIGateClient(PROJECT, base_url=gate.url)
    with pytest.raises(AIGateError, match="The disk is full"):
        asyncio.run(talk(client, gate.realtime_url, hum(), "gpt-realtime"))


@pytest.mark.parametrize("package", ["aiortc", "av"])
def test_without_what_it_needs_it_says_so(package: str) -> None:
    code = f"import runpy, sys; sys.modules[{package!r}] = None; runpy.run_path({str(PROGRAM)!r})"
    ended = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30.0
    )
    assert ended.returncode == 1
    assert 'pip install "ai-gate[webrtc]"' in ended.stderr.splitlines()[-1]


def test_a_refused_session(gate: MockGate, answer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate.respond_next(402, "quota_exceeded")
    monkeypatch.setenv("AI_GATE_PROJECT_ID", PROJECT)
    monkeypatch.setenv("AI_GATE_BASE_URL", gate.url)
    with pytest.raises(SystemExit, match="QuotaExceededError: Quota exceeded"):
        run(monkeypatch, "--answer", str(answer))
    assert not answer.exists()


@pytest.mark.parametrize("rate", [8000, 11025, 24000, 44100, 48000, 96000])
@pytest.mark.parametrize("channels", [1, 2])
def test_any_rate_can_be_read(rate: int, channels: int, tmp_path: Path) -> None:
    path = tmp_path / "question.wav"
    write_wav(path, rate, channels)
    pcm = read(str(path))
    assert len(pcm) / 2 / RATE == pytest.approx(SECONDS, abs=0.01)
    assert frequency(pcm, RATE) == pytest.approx(440, abs=5)
    assert loudness(pcm) == pytest.approx(loudness(tone(SECONDS, RATE)), rel=0.1)


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, width in (("narrow.wav", 1), ("none.wav", 0), ("text.wav", 0)):
        path = tmp_path / name
        if width:
            write_wav(path, 8000, 1, width)
        elif name == "text.wav":
            path.write_text("This is no sound.")
        with pytest.raises(SystemExit, match=r"Error: "):
            run(monkeypatch, str(path), "--mock")


def test_the_hum_can_be_heard() -> None:
    assert len(hum()) / 2 / RATE == pytest.approx(1.5)
    assert loudness(hum()) > 1000
