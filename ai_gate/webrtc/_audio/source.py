"""Audio to the peer, from PCM that the app writes."""

import asyncio
import math
import struct
from collections.abc import Callable
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

from ai_gate.errors import AIGateError
from ai_gate.webrtc._condition import Condition
from ai_gate.webrtc._requirement import requiring_aiortc

with requiring_aiortc():
    from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
    from av import AudioFrame

    from ai_gate.webrtc._audio.timeline import FRAMES_A_SECOND, SAMPLE, Pace

LONGEST_BUFFER = 1.0
"""How much audio can wait to be sent, in seconds, before `write` waits."""
RATES = range(8000, 48001)
FLOAT = 4
"""The bytes of a float."""
PEAK = 32767
"""The largest sample."""

PCMFormat: TypeAlias = Literal["s16", "f32"]

ITEMS: dict[PCMFormat, tuple[str, str]] = {
    "s16": ("Bbch", "signed 16-bit integers"),
    "f32": ("Bbcf", "32-bit floats"),
}
"""The items that a buffer of each format can have (those of `struct`), and their name."""


class PCMSource(MediaStreamTrack):
    """Audio to the peer from PCM that is written: mono, little-endian.

    Silence is sent while nothing is there. One source can be used for one call after another. Once
    a call is over, what is written is thrown away until the next one begins; after `stop()` all is.

    Args:
        rate: The samples a second, from 8,000 to 48,000 and a multiple of 50 (default: `24000`).
        format: `"s16"` (default) for samples of signed 16-bit integers, or `"f32"` for 32-bit
            floats from -1 to 1, the default of many libraries for microphones and files. Larger
            ones are cut off.

    Raises:
        MissingDependencyError: aiortc isn't installed (when the name is imported).
        AIGateError: The rate or the format is wrong.

    Example:
        ```python
        import asyncio

        from ai_gate import AsyncAIGateClient
        from ai_gate.webrtc import PCMSource

        async def main() -> None:
            source = PCMSource(rate=24000)
            async with AsyncAIGateClient(project_id="your-project-id") as client:
                async with client.connect(model="gpt-realtime", audio=source) as call:
                    await source.write(bytes(24000 * 2))  # a second of silence
                    await call.send({"type": "response.create"})

        asyncio.run(main())
        ```
    """

    kind = "audio"

    def __init__(self, rate: int = 24000, *, format: PCMFormat = "s16") -> None:  # noqa: A002
        super().__init__()
        is_integer = isinstance(rate, int) and not isinstance(rate, bool)
        if not is_integer or rate not in RATES or rate % FRAMES_A_SECOND:
            raise AIGateError(
                f"rate must be an integer from {RATES[0]:,} to {RATES[-1]:,}, a multiple of "
                f"{FRAMES_A_SECOND}."
            )
        if format not in get_args(PCMFormat):
            raise AIGateError(f"format must be one of {', '.join(get_args(PCMFormat))}.")
        self._rate = rate
        self._format: PCMFormat = format
        self._half = b""
        """The beginning of a float whose rest isn't written yet."""
        self._samples = rate // FRAMES_A_SECOND
        self._buffer = bytearray()
        self._longest = round(rate * LONGEST_BUFFER) * SAMPLE
        self._room = Condition()
        self._pace = Pace(self._report)
        self._pts = 0
        self._listeners: set[Callable[[int], None]] = set()
        self._is_abandoned = False
        self._is_within_sample = False
        self._grew = False

    @property
    def rate(self) -> int:
        """The samples a second."""
        return self._rate

    async def write(self, pcm: bytes | bytearray | memoryview) -> None:
        """Have PCM sent after what was written before.

        It waits while a second of audio is still to be sent, also before the first call: write more
        than that when there is a call that sends it. If it is cancelled, a part was written.

        Args:
            pcm: The samples, as bytes or as items of the source's format; a sample can be split
                between two writes.

        Raises:
            AIGateError: That is no PCM of the source's format.

        Example:
            ```python
            import asyncio
            import math
            import struct

            from ai_gate import AsyncAIGateClient
            from ai_gate.webrtc import PCMSource

            async def main() -> None:
                source = PCMSource(rate=24000)
                wave = (math.sin(math.tau * 440 * n / 24000) for n in range(24000))
                tone = struct.pack("<24000h", *(round(8000 * value) for value in wave))
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    async with client.connect(model="gpt-realtime", audio=source) as call:
                        await source.write(tone)
                        await call.send({"type": "response.create"})

            asyncio.run(main())
            ```
        """
        samples = _bytes_of(pcm, self._format)
        rest = self._aligned(self._from_floats(samples) if self._format == "f32" else samples)
        while rest and self._is_taken:
            await self._room.wait_for(lambda: not self._is_taken or self._free > 0)
            if self._is_taken:
                part = rest[: self._free]
                self._buffer += part
                self._grew = True
                rest = rest[len(part) :]
        if not self._is_taken:
            # A loop that goes on writing after a call would let nothing else run.
            await asyncio.sleep(0)

    def clear(self) -> None:
        """Throw away what was written and isn't sent yet.

        If the last sample was split, its second part is thrown away too once it is written.

        Example:
            ```python
            from ai_gate.webrtc import PCMSource

            source = PCMSource()
            source.clear()
            ```
        """
        self._buffer.clear()
        self._room.notify()

    def stop(self) -> None:
        """End the source for good. A `write` that waits returns, and later ones do nothing."""
        super().stop()
        self.clear()

    async def recv(self) -> AudioFrame:
        """Return the next 20 ms of audio to aiortc when they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        await self._pace.next()
        frame = AudioFrame(format="s16", layout="mono", samples=self._samples)
        frame.planes[0].update(self._take().ljust(frame.planes[0].buffer_size, b"\0"))
        frame.sample_rate = self._rate
        frame.time_base = Fraction(1, self._rate)
        frame.pts = self._pts
        self._pts += self._samples
        return frame

    @property
    def _is_taken(self) -> bool:
        """Whether what is written is sent, now or in a call to come."""
        return self.readyState == "live" and not self._is_abandoned

    @property
    def _free(self) -> int:
        return self._longest - len(self._buffer)

    def _from_floats(self, pcm: memoryview) -> memoryview:
        floats = self._half + pcm.tobytes()
        whole = len(floats) - len(floats) % FLOAT
        self._half = floats[whole:]
        values = (value for (value,) in struct.iter_unpack("<f", floats[:whole]))
        integers = (0 if math.isnan(one) else round(PEAK * max(-1, min(1, one))) for one in values)
        return memoryview(struct.pack(f"<{whole // FLOAT}h", *integers))

    def _report(self, late: int) -> None:
        for listener in self._listeners:
            listener(late)

    def _aligned(self, pcm: memoryview) -> memoryview:
        """Leave out the second half of a sample whose first half was thrown away."""
        is_within_sample = self._is_within_sample
        self._is_within_sample ^= bool(len(pcm) % SAMPLE)
        return pcm[1:] if is_within_sample and len(self._buffer) % SAMPLE == 0 else pcm

    def _take(self) -> bytes:
        """Take a frame of PCM; one that isn't full yet only when nothing has come for 20 ms."""
        size = self._samples * SAMPLE
        is_waiting_for_more, self._grew = self._grew, False
        if len(self._buffer) < size:
            if is_waiting_for_more:
                return b""
            size = len(self._buffer) // SAMPLE * SAMPLE
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        self._room.notify()
        return taken


def add_listener(source: PCMSource, listener: Callable[[int], None]) -> None:
    """Keep what is written from now on: a call begins to send it.

    Args:
        source: The source.
        listener: Called with the number of frames that are too late, if there are any.
    """
    if not source._listeners:
        # Between two calls nothing was due.
        source._pace = Pace(source._report)
    source._listeners.add(listener)
    source._is_abandoned = False


def remove_listener(source: PCMSource, listener: Callable[[int], None]) -> None:
    """Throw away what is written once no call sends it: else writing would wait for ever.

    Args:
        source: The source.
        listener: What was added. If there is another one, nothing changes.
    """
    was_heard = bool(source._listeners)
    source._listeners.discard(listener)
    if was_heard and not source._listeners:
        source._is_abandoned = True
        source.clear()


def _bytes_of(pcm: bytes | bytearray | memoryview, source: PCMFormat) -> memoryview:
    items, name = ITEMS[source]
    try:
        view = memoryview(pcm)
        # Else samples of another kind would be sent as loud noise.
        if view.format in items:
            return view.cast("B")
    except TypeError as error:
        raise AIGateError("pcm must be bytes, a bytearray or a contiguous memoryview.") from error
    raise AIGateError(
        f"pcm has items of the format {view.format!r}, and a PCMSource of the format {source!r} "
        f"takes bytes or {name}."
    )
