"""`ai-gate call`: a sound or a text is said to the model, whose answer is printed as it comes."""

import asyncio
from argparse import Namespace
from contextlib import AsyncExitStack, suppress
from functools import partial
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
    if bool(options.wav) == bool(options.say):
        raise AIGateError("Pass either --wav or --say.")
    sound = read_pcm(options.wav, rate=RATE) if options.wav else b""
    # The model waits for the end of the sound, however long the pauses in it are.
    options.extra = [("turn_detection", None), *(options.extra or ())]
    source, heard, is_whole = PCMSource(rate=RATE), bytearray(), False
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(client_of(options, console))
        # Before a session is paid for.
        _check_file(options.out)
        session = partial(create_session, client, options, console)
        call = await stack.enter_async_context(opened(session, options, console, audio=source))
        try:
            async with asyncio.timeout(len(sound) / SECOND + ANSWER_SECONDS):
                await _speak(call, source, sound, options.say)
                await _hear(call, heard, console)
            is_whole = True
        except TimeoutError:
            raise WebRTCError("The model gave no whole answer in time.") from None
        finally:
            # What was heard until Ctrl-C too.
            if options.out and (heard or is_whole):
                with Path(options.out).open("wb") as out:
                    write_wav(out, heard, rate=RATE)
    return 0


def _check_file(out: str | None) -> None:
    """Open a file for writing, and leave it as it was: the call can fail yet."""
    # To the reader of a pipe, closing it would be the end.
    if out and not (path := Path(out).resolve()).is_fifo():
        is_new = not path.exists()
        path.open("ab").close()
        if is_new:
            path.unlink()


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
            match event:
                case {
                    "type": "response.output_audio_transcript.delta" | "response.output_text.delta",
                    "delta": str(text),
                }:
                    console.transcript(text)
                case {"type": "output_audio_buffer.started"}:
                    is_speaking = True
                case {"type": "output_audio_buffer.stopped"}:
                    await asyncio.sleep(TAIL_SECONDS)
                    is_speaking = False
                case {"type": "response.done"}:
                    is_done = True
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
        console.write("\n")


def _check(event: dict[str, Any]) -> None:
    """Raise what an event says has failed, whatever its form: OpenAI adds events and fields."""
    match event:
        case {"type": "error", "error": {"message": str(text)}}:
            raise WebRTCError(text)
        case {"type": "error", **more}:
            raise WebRTCError(f"The other side tells of an error: {more}")
        case {"type": "response.done", "response": {"status": str(status), **more}} if (
            status != "completed"
        ):
            why = more.get("status_details") or "no reason is given"
            raise WebRTCError(f"The model's answer is {status}: {why}")
