"""`ai-gate call`: a sound or a text is said to the model, whose answer is printed as it comes."""

import asyncio
from argparse import Namespace
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

from ai_gate import AIGateError
from ai_gate.cli._console import Console
from ai_gate.cli._gate import client_of, create_session, opened
from ai_gate.webrtc import Call, PCMSource, WebRTCError
from ai_gate.webrtc._audio.files import read_pcm, write_wav

RATE = 24000
SECOND = 2 * RATE
"""The bytes of a second of sound."""
ANSWER_SECONDS = 120.0
TAIL_SECONDS = 0.3
"""What was sent last is still on its way when its end is told."""


async def command(options: Namespace, console: Console) -> int:
    """Talk with the model."""
    if (options.wav is None) == (options.say is None):
        raise AIGateError("Pass either --wav or --say.")
    sound = read_pcm(options.wav, rate=RATE) if options.wav else b""
    # The model waits for the end of the sound, however long the pauses in it are.
    options.extra = [("turn_detection", None), *(options.extra or ())]
    source, heard = PCMSource(rate=RATE), bytearray()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(options, console))
        # Before a session is paid for.
        out = options.out and stack.enter_context(Path(options.out).open("wb"))  # noqa: SIM115
        session = await create_session(client, options, console)
        call = await stack.enter_async_context(opened(session, options, console, audio=source))
        try:
            async with asyncio.timeout(len(sound) / SECOND + ANSWER_SECONDS):
                await _speak(call, source, sound, options.say)
                await _hear(call, heard, console)
        except TimeoutError:
            raise WebRTCError("The model gave no whole answer in time.") from None
        finally:
            # What was heard until Ctrl-C too.
            if out:
                write_wav(out, heard, rate=RATE)
    return 0


async def _speak(call: Call, source: PCMSource, sound: bytes, text: str) -> None:
    if sound:
        # At most a second waits to be sent, so once all is written, only silence still does.
        await source.write(sound + bytes(SECOND))
        await call.send({"type": "input_audio_buffer.commit"})
    else:
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        await call.send({"type": "conversation.item.create", "item": item})
    await call.send({"type": "response.create"})


async def _hear(call: Call, heard: bytearray, console: Console) -> None:
    is_speaking = is_done = False

    async def listen() -> None:
        async for chunk in call.audio(rate=RATE):
            heard.extend(chunk if is_speaking else b"")

    listening = asyncio.create_task(listen())
    try:
        while is_speaking or not is_done:
            event = await call.recv()
            _check(event)
            match event["type"]:
                case "response.output_audio_transcript.delta" | "response.output_text.delta":
                    console.transcript(event["delta"])
                case "output_audio_buffer.started":
                    is_speaking = True
                case "output_audio_buffer.stopped":
                    await asyncio.sleep(TAIL_SECONDS)
                    is_speaking = False
                case "response.done":
                    is_done = True
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        console.write("\n")


def _check(event: dict[str, Any]) -> None:
    if event["type"] == "error":
        raise WebRTCError(event["error"]["message"])
    if event["type"] == "response.done" and (done := event["response"])["status"] != "completed":
        raise WebRTCError(f"The model's answer is {done['status']}: {done.get('status_details')}")
