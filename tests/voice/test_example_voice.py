"""examples/voice.py, as a program."""

from __future__ import annotations

import re
import runpy
import sys
import wave
from pathlib import Path

import pytest

from ai_gate.testing import MockGate
from examples.voice import RATE, hum, read
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
    assert re.search(r"^I heard 1\.\d seconds of sound$", output, re.MULTILINE)
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
    assert re.search(r"^I heard 0\.[45]", output, re.MULTILINE)
    check_answer(answer, output)
    (call,) = gate.voice.wait_until(lambda calls: calls[0].state == "closed")
    assert (call.api, call.model) == (api, "gpt-realtime-mini")
    assert PROJECT not in output


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
