"""A live call: events and audio, both ways."""

from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Self

from ai_gate._call.exchange import Deadline
from ai_gate.errors import AIGateError
from ai_gate.types import SessionResponse
from ai_gate.webrtc._events import Event, encode
from ai_gate.webrtc._requirement import requiring_aiortc
from ai_gate.webrtc._types import CandidatePair, Timings, TurnResult
from ai_gate.webrtc.errors import CallEndedError, WebRTCError

with requiring_aiortc():
    from aiortc import RTCDataChannel, RTCPeerConnection
    from aiortc.stats import RTCStats

    from ai_gate.webrtc._aiortc_internals import selected_pair
    from ai_gate.webrtc._call_connection import CallConnection, Status

__all__ = ["Call", "Status"]

AUDIO_RATES = range(8000, 96001)
GOODBYE = 0.75
"""The part of `close_timeout` that the peer is given to take what was sent and agree to the end.
aiortc asks again after a second."""


class Call:
    """A live call, made by `connect`: send events, read events, hear audio.

    Iterating over it gives the events as they come, until the peer hangs up or the call is closed.
    A call is never connected again by itself: that would be a new session, billed and with an
    empty memory. It is used in the event loop in which it was opened.

    Example:
        ```python
        import asyncio

        from ai_gate import AsyncAIGateClient

        async def main() -> None:
            async with AsyncAIGateClient(project_id="your-project-id") as client:
                async with client.connect(model="gpt-realtime", voice="marin") as call:
                    await call.send({"type": "response.create"})
                    async for event in call:
                        if event["type"] == "response.done":
                            break

        asyncio.run(main())
        ```
    """

    def __init__(
        self,
        connection: CallConnection,
        session: SessionResponse,
        turn_results: Callable[[], tuple[TurnResult, ...]],
        max_size: int | None,
        close_timeout: float,
    ) -> None:
        self._connection = connection
        self._session = session
        self._turn_results = turn_results
        self._max_size = max_size
        self._close_timeout = close_timeout

    @property
    def status(self) -> Status:
        """How the connection is: `connecting`, `connected`, `disconnected` or `closed`.

        It is `disconnected` while nothing has come from the peer for 7 s. After 15 s the call ends
        with a `ConnectionLostError`.
        """
        return self._connection.status

    @property
    def call_id(self) -> str | None:
        """OpenAI's ID of the call (`rtc_...`), or None if the protocol gives none."""
        return self._connection.call_id

    @property
    def session(self) -> SessionResponse:
        """The session as the gate sent it, with its secrets."""
        return self._session

    @property
    def timings(self) -> Timings:
        """How long each step of the call's beginning took."""
        return self._connection.timings

    @property
    def turn_results(self) -> tuple[TurnResult, ...]:
        """What became of the TURN URLs that were tried, with the reason if one didn't work.

        Results of those that were still being tried when another one worked, or when the call was
        open, come later. A server has 2 s.
        """
        return self._turn_results()

    @property
    def selected_candidate_pair(self) -> CandidatePair | None:
        """The path that the call takes, or None if there is none (any more)."""
        return selected_pair(self._connection.peer.pc)

    @property
    def audio_dropped(self) -> int:
        """How many frames of the peer's audio (of 20 ms each) were dropped.

        The oldest ones are once 2 s of audio wait. Pauses are while more than 0.1 s waits all the
        time, so that who plays the audio and has begun late doesn't stay behind.
        """
        return self._connection.audio.dropped

    @property
    def audio_waiting(self) -> int:
        """How many frames of the peer's audio (of 20 ms each) wait to be read."""
        return self._connection.audio.waiting

    @property
    def audio_skipped(self) -> int:
        """How many frames of audio to the peer (of 20 ms each) were sent too late or left out.

        That is so if the event loop stands still: what is more than 0.2 s late comes too late to be
        heard in its place, and a delay of more than 1 s isn't made up for. It is logged once. Of a
        track of the app's own it isn't known.
        """
        return self._connection.peer.outgoing.skipped

    @property
    def audio_lost(self) -> int:
        """How many frames of the peer's audio (of 20 ms each) didn't come, or came too late.

        Each one is waited for until 80 ms after it was due. In its place the sound before it goes
        on and fades, so that what is read stays as long as what was said.
        """
        return self._connection.peer.receive_buffer.lost

    @property
    def pc(self) -> RTCPeerConnection:
        """The peer connection, for what needs aiortc itself. Close the call, not this."""
        return self._connection.peer.pc

    @property
    def data_channel(self) -> RTCDataChannel:
        """The data channel with the events, for what needs aiortc itself."""
        return self._connection.peer.channel

    async def send(self, event: Event) -> None:
        """Send an event.

        It waits while more than 1 MiB of earlier ones has yet to leave.

        Args:
            event: The event, a dict with a `type` (see OpenAI's Realtime API).

        Raises:
            EventTooLargeError: The peer takes no event of that size.
            CallEndedError: The call was closed, or the peer hung up.
            ConnectionLostError: The connection died.
            QueueOverflowError: Too many events were left unread, which has ended the call.
            WebRTCError: The event can't be written as JSON.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main() -> None:
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    async with client.connect(model="gpt-realtime", voice="marin") as call:
                        content = [{"type": "input_text", "text": "Good morning!"}]
                        item = {"type": "message", "role": "user", "content": content}
                        await call.send({"type": "conversation.item.create", "item": item})
                        await call.send({"type": "response.create"})

            asyncio.run(main())
            ```
        """
        self._connection.check_loop()
        await self._connection.send(encode(event, self._max_size))

    async def recv(self) -> Event:
        """Wait for the next event. If it is cancelled, no event is lost.

        Returns:
            The event as it came; with `event_names="current"` under OpenAI's current name.

        Raises:
            CallEndedError: The call was closed, or the peer hung up, and all events were read.
            ConnectionLostError: The connection died, and all events were read.
            QueueOverflowError: Too many events were left unread, and those were read.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main() -> None:
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    async with client.connect(model="gpt-realtime", voice="marin") as call:
                        event = await call.recv()
                        while event["type"] != "session.created":
                            event = await call.recv()
                        print(event["session"])

            asyncio.run(main())
            ```
        """
        self._connection.check_loop()
        return await self._connection.events.get()

    def audio(self, rate: int = 24000) -> AsyncGenerator[bytes, None]:
        """Yield the peer's audio as it comes, until the call ends, whatever ends it.

        Up to 2 s of audio wait to be read. Beyond that the oldest is dropped, and counted in
        `audio_dropped`. Read it in one place only: two readers would share what comes.

        Args:
            rate: The samples a second, from 8,000 to 96,000 (default: `24000`).

        Returns:
            Chunks of signed 16-bit little-endian mono PCM, of about 20 ms each.

        Raises:
            AIGateError: The rate is wrong.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main() -> None:
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    async with client.connect(model="gpt-realtime", voice="marin") as call:
                        await call.send({"type": "response.create"})
                        heard = bytearray()
                        async for chunk in call.audio(rate=24000):
                            heard += chunk
                            if len(heard) >= 24000 * 2:  # a second
                                break
                        print(len(heard))

            asyncio.run(main())
            ```
        """
        if isinstance(rate, bool) or not isinstance(rate, int) or rate not in AUDIO_RATES:
            raise AIGateError(
                f"rate must be an integer from {AUDIO_RATES[0]:,} to {AUDIO_RATES[-1]:,}."
            )
        self._connection.check_loop()
        return self._connection.audio.pcm(rate)

    def clear_audio(self) -> None:
        """Throw away the peer's audio that waits to be read: the user has interrupted it.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main() -> None:
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    async with client.connect(model="gpt-realtime", voice="marin") as call:
                        await call.send({"type": "response.create"})
                        await call.recv()
                        await call.send({"type": "response.cancel"})
                        call.clear_audio()

            asyncio.run(main())
            ```
        """
        self._connection.audio.clear()

    async def stats(self) -> dict[str, RTCStats]:
        """Read aiortc's statistics: packets and bytes sent and received, losses, round trips.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main() -> None:
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    async with client.connect(model="gpt-realtime", voice="marin") as call:
                        for one in (await call.stats()).values():
                            print(one.type, one.id)

            asyncio.run(main())
            ```
        """
        self._connection.check_loop()
        return dict(await self._connection.peer.pc.getStats())

    async def close(self) -> None:
        """End the call. Closing it again does nothing.

        What was sent before arrives, if the peer takes it in time. Closing takes `close_timeout` at
        most, even if the network has died; what isn't given back by then is in the background. A
        track that was passed as `audio` isn't stopped.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main() -> None:
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    async for call in client.connect(model="gpt-realtime", voice="marin"):
                        await call.send({"type": "response.create"})
                        await call.close()
                        break

            asyncio.run(main())
            ```
        """
        self._connection.check_loop()
        deadline = Deadline(self._close_timeout)
        try:
            await self._connection.hang_up(self._close_timeout * GOODBYE)
        finally:
            self._connection.end()
        await self._connection.released(deadline.left())

    def _when_over(self, action: Callable[[], None]) -> None:
        """Do something once when the call is over."""
        if self.status == "closed":
            action()
        else:
            self._connection.when_over = action

    def _failed_within(self, seconds: float) -> WebRTCError | None:
        """Return what ended the call within that time, or None if it lived on or was closed."""
        return self._connection.failure if self._connection.lifetime < seconds else None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        try:
            return await self.recv()
        except CallEndedError:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<Call {self.call_id}: {self.status}>"
