"""Say a WAV file to the model, print its answer as it comes, and write it to another WAV file.

`make voice` does it against the embedded mock gate. For a real conversation:
`AI_GATE_PROJECT_ID=your-project-id python examples/voice.py question.wav`

It needs `pip install "ai-gate[webrtc]"`, and with `--mock` `pip install "ai-gate[testing,webrtc]"`.
"""

import argparse
import asyncio
import math
import os
import sys
import wave
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from ai_gate import AIGateError, AsyncAIGateClient, testing
from ai_gate.webrtc import Call, PCMSource

# isort: split
# After the SDK, which says what to install where it isn't there.
from av import AudioFrame, AudioResampler

RATE = 24000
SAMPLE = 2
SECOND = RATE * SAMPLE
ANSWER_SECONDS = 120.0
# What was sent last is still on its way when its end is told.
TAIL_SECONDS = 0.3


class Recorder:
    """Keeps what the model says, and leaves out the silence before and after it."""

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.is_on = False

    async def record(self, call: Call) -> None:
        """Listen until the call ends."""
        async for chunk in call.audio(rate=RATE):
            if self.is_on:
                self.pcm += chunk


async def talk(client: AsyncAIGateClient, realtime_url: str, question: bytes, model: str) -> bytes:
    """Say something to the model, and return its answer."""
    source = PCMSource(rate=RATE)
    async with (
        client,
        client.connect(
            model=model,
            voice="marin",
            audio=source,
            realtime_url=realtime_url,
            event_names="current",
        ) as call,
    ):
        async with asyncio.timeout(len(question) / SECOND + ANSWER_SECONDS):
            await take_turns_by_hand(call)
            await say(call, source, question)
            return await hear(call)


async def say(call: Call, source: PCMSource, question: bytes) -> None:
    """Say the question, and ask for the answer."""
    # At most a second waits to be sent, so once all is written, only silence still does.
    await source.write(question + bytes(SECOND))
    await call.send({"type": "input_audio_buffer.commit"})
    await call.send({"type": "response.create"})


async def hear(call: Call) -> bytes:
    """Print the answer's transcript and return its sound."""
    recorder = Recorder()
    recording = asyncio.create_task(recorder.record(call))
    try:
        await take_answer(call, recorder)
    finally:
        recording.cancel()
        # What has gone wrong in it is raised here.
        with suppress(asyncio.CancelledError):
            await recording
    return bytes(recorder.pcm)


async def take_turns_by_hand(call: Call) -> None:
    """Have the model wait for the end of the file, however long the pauses in it are."""
    session = (await wait_for(call, "session.created"))["session"]
    changes: dict[str, Any] = {"turn_detection": None}
    if session.get("type") == "realtime":
        changes = {"type": "realtime", "audio": {"input": {"turn_detection": None}}}
    await call.send({"type": "session.update", "session": changes})
    await wait_for(call, "session.updated")


async def wait_for(call: Call, name: str) -> dict[str, Any]:
    """Read events up to one of this name."""
    async for event in call:
        check(event)
        if event["type"] == name:
            return event
    raise AIGateError("The call ended too early.")


async def take_answer(call: Call, recorder: Recorder) -> None:
    """Print the transcript as it comes, until the model has said all of it."""
    is_done = False
    while not is_done or recorder.is_on:
        event = await call.recv()
        check(event)
        match event["type"]:
            case "response.output_audio_transcript.delta":
                print(event["delta"], end="", flush=True)
            case "output_audio_buffer.started":
                recorder.is_on = True
            case "output_audio_buffer.stopped":
                await asyncio.sleep(TAIL_SECONDS)
                recorder.is_on = False
            case "response.done":
                is_done = True
    print()


def check(event: dict[str, Any]) -> None:
    """Raise what the model tells of a failure."""
    if event["type"] == "error":
        raise AIGateError(event["error"]["message"])
    if event["type"] == "response.done" and event["response"]["status"] != "completed":
        raise AIGateError(f"The model's answer is {event['response']['status']}.")


def read(path: str) -> bytes:
    """Read a WAV file of any rate as PCM that can be sent."""
    with wave.open(path, "rb") as file:
        channels, length = file.getnchannels(), file.getnframes()
        if file.getsampwidth() != SAMPLE or channels > 2 or not length:
            raise ValueError("It takes 16 bits, mono or stereo, and some sound.")
        frame = AudioFrame("s16", "mono" if channels == 1 else "stereo", length)
        frame.sample_rate = file.getframerate()
        frame.planes[0].update(file.readframes(length))
    resampler = AudioResampler("s16", "mono", RATE)
    converted = [*resampler.resample(frame), *resampler.resample(None)]
    return b"".join(bytes(part.planes[0])[: part.samples * SAMPLE] for part in converted)


def write(path: str, pcm: bytes) -> None:
    """Write PCM to a WAV file."""
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE)
        file.setframerate(RATE)
        file.writeframes(pcm)


def hum() -> bytes:
    """Make a sound somewhat like six syllables, for those who have no file at hand."""
    samples = array("h")
    for position in range(round(1.5 * RATE)):
        angle = 2 * math.pi * position / RATE
        voice = sum(math.sin(140 * number * angle) / number for number in range(1, 6))
        samples.append(round(6000 * voice * math.sin(2 * angle) ** 2))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


@contextmanager
def other_side(is_mock: bool, realtime_url: str) -> Iterator[tuple[AsyncAIGateClient, str]]:
    """Give a client of the gate, and where calls begin."""
    if not is_mock:
        yield AsyncAIGateClient.from_env(), realtime_url
        return
    with testing.MockGate(realtime=True) as gate:
        yield AsyncAIGateClient("proj_demo", base_url=gate.url), gate.realtime_url


def options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Say a WAV file to the model.")
    parser.add_argument("question", nargs="?", help="a WAV file of 16 bits; default: a hum")
    parser.add_argument("--answer", default="answer.wav", help="default: answer.wav")
    parser.add_argument("--model", default="gpt-realtime", help="default: gpt-realtime")
    parser.add_argument("--mock", action="store_true", help="talk to the embedded mock gate")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    realtime_url = os.environ.get("REALTIME_URL", "https://api.openai.com/v1/realtime")
    try:
        question = read(chosen.question) if chosen.question else hum()
        with other_side(chosen.mock, realtime_url) as (client, where):
            print(f"Saying {chosen.question or 'a hum'}, {len(question) / SECOND:.1f} s")
            answer = asyncio.run(talk(client, where, question, chosen.model))
        write(chosen.answer, answer)
    except TimeoutError:
        sys.exit("The model gave no whole answer in time.")
    except (AIGateError, OSError, EOFError, ValueError, wave.Error) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    print(f"Wrote {chosen.answer}: the answer, {len(answer) / SECOND:.1f} s")


if __name__ == "__main__":
    main()
