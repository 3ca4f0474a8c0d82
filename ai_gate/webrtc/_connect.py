"""Connecting to a session: `connect` and what it returns."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from inspect import isawaitable, iscoroutine
from types import TracebackType
from typing import TYPE_CHECKING

import httpx

from ai_gate._lazy import LazyModule
from ai_gate._logging import log
from ai_gate.errors import AIGateError
from ai_gate.types import SessionResponse
from ai_gate.webrtc._backoff import SHORT_LIVED, Backoff
from ai_gate.webrtc._options import (
    DEFAULT_CLOSE_TIMEOUT,
    DEFAULT_MAX_QUEUE,
    DEFAULT_OPEN_TIMEOUT,
    DEFAULT_REALTIME_URL,
    EventNames,
    Options,
    SessionFactory,
)
from ai_gate.webrtc._requirement import (
    import_beside,
    require_aiortc,
    require_asyncio,
    requiring_aiortc,
)
from ai_gate.webrtc._signaling import API

if TYPE_CHECKING:
    import aiortc

    from ai_gate import webrtc
else:
    aiortc = LazyModule("aiortc")
    webrtc = LazyModule("ai_gate.webrtc")


class Connector:
    """What `connect` returns: it makes calls.

    `async with` makes one call and closes it in the end. `async for` makes one call after another,
    each with a new session: the next one when the loop's body is done with the one before.
    """

    def __init__(self, source: SessionResponse | SessionFactory, options: Options) -> None:
        self._source = source
        self._options = options
        self._is_entered = False
        self._call: webrtc.Call | None = None
        self._release: Callable[[SessionResponse], None] | None = None
        """Says that a session that was created here has ended."""

    async def __aenter__(self) -> "webrtc.Call":
        if self._is_entered:
            raise AIGateError(
                "This connector has a call already: each call at a time needs a connect() of its "
                "own."
            )
        self._is_entered = True
        try:
            self._call = await self._open()
        except BaseException:
            self._is_entered = False
            raise
        return self._call

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        call, self._call = self._call, None
        try:
            if call is not None:
                await call.close()
        finally:
            self._is_entered = False

    async def __aiter__(self) -> "AsyncGenerator[webrtc.Call, None]":
        if not callable(self._source):
            raise AIGateError(
                "Calls can be made one after another only with a factory of sessions, because each "
                "needs a new one."
            )
        backoff = Backoff()
        while True:
            call = await self._open_with_retries(backoff)
            try:
                yield call
            finally:
                await call.close()
            # Each call has a session billed: a peer that hangs up at once, or a network that breaks
            # each call, must not go on without end.
            if (failure := call._failed_within(SHORT_LIVED)) is not None:
                await _wait(backoff, failure)
            else:
                backoff.succeed()

    async def _open_with_retries(self, backoff: Backoff) -> "webrtc.Call":
        while True:
            try:
                return await self._open()
            except AIGateError as failure:
                await _wait(backoff, failure)

    async def _open(self) -> "webrtc.Call":
        require_asyncio()
        # Not at the top: this module must be importable without aiortc.
        with requiring_aiortc():
            await import_beside("ai_gate.webrtc._opening")
            from ai_gate.webrtc._opening import open_call  # noqa: PLC0415

        self._options.clients().check_open()
        if not callable(self._source):
            return await open_call(self._source, self._options, is_new=False)
        session = await _created(self._source)
        end, opening = self._end_of(session), open_call(session, self._options, is_new=True)
        # What shows the variables of a failure would show the session.
        del session
        try:
            call = await opening
        except BaseException:
            end()
            raise
        call._when_over(end)
        return call

    def _end_of(self, session: SessionResponse) -> Callable[[], None]:
        """Return what says that a session has ended."""

        def end() -> None:
            if self._release is not None:
                self._release(session)

        return end


def connect(
    session_or_factory: SessionResponse | SessionFactory,
    *,
    audio: "aiortc.MediaStreamTrack | None" = None,
    relay_only: bool = False,
    ice_tcp: bool = False,
    open_timeout: float = DEFAULT_OPEN_TIMEOUT,
    close_timeout: float = DEFAULT_CLOSE_TIMEOUT,
    max_queue: int = DEFAULT_MAX_QUEUE,
    api: API = "auto",
    realtime_url: str = DEFAULT_REALTIME_URL,
    http_client: httpx.AsyncClient | None = None,
    event_names: EventNames = "received",
) -> Connector:
    """Connect to a session with `async with`, and talk with the model.

    Of the session's TURN servers the first one that works is used, if one is needed at all; where a
    direct path is open, none is waited for. If
    connecting fails or is cancelled, everything that was taken is given back.

    A session is connected to once. With a factory, `async for call in connect(factory)` makes one
    call after another. After a failure it waits from 0.5 to 8 s, or what `Retry-After` asks for;
    it raises the fifth failure in a row, and at once what can't get better, 400 to 403 above all,
    or what asks for more than 900 s. A call that is lost, or that the peer ends, within 30 s counts
    as a failure too.

    Args:
        session_or_factory: A session, or an async function that creates one. The client secret is
            good for about a minute, so connect at once.
        audio: What the peer is to hear: a track of aiortc, which isn't stopped in the end, or a
            `PCMSource` (default: `None`, silence).
        relay_only: Whether only a way through a TURN server will do (default: `False`).
        ice_tcp: Whether the peer is tried over TCP too, if it takes that (default: `False`): for
            networks that let no UDP through. With `relay_only` it isn't.
        open_timeout: The time for TURN, SDP, path and channel together in seconds, from 0.001 to
            3,600 (default: `15.0`). Creating the session isn't counted.
        close_timeout: How long closing waits at most in seconds, from 0 to 3,600 (default: `2.0`).
            What isn't done by then is done in the background.
        max_queue: How many events can wait to be read (default: `1024`). One more ends the call
            with a `QueueOverflowError`: no event is ever dropped.
        api: OpenAI's protocol: `"calls"` (the current one), `"beta"` (switched off by OpenAI in May
            2026), or `"auto"` (default): `calls`, and `beta` if the answer says that there is no
            such path, or not for this client secret.
        realtime_url: Where OpenAI's Realtime API is (default:
            `https://api.openai.com/v1/realtime`).
        http_client: An `httpx.AsyncClient` for the SDP exchange (default: `None`). It isn't closed,
            and neither its authentication nor its timeout is used.
        event_names: `"received"` (default) leaves the events' names as they come; `"current"` gives
            those of the beta the names that replaced them, as `response.output_text.delta`.

    Returns:
        What `async with` or `async for` makes calls of.

    Raises:
        MissingDependencyError: aiortc isn't installed, or later, it is older than 1.16.
        AIGateError: An argument is wrong, or later, the event loop isn't asyncio's.
        ClientSecretExpiredError: The session is too old.
        SDPRefusedError: OpenAI refused the call.
        NoPathError: No path to the peer was found.
        OpenTimeoutError: A path was found, but nothing more within `open_timeout`.
        APIConnectionError: OpenAI could not be reached, or gave no answer.

    Example:
        ```python
        import asyncio

        from ai_gate import AsyncAIGateClient
        from ai_gate.webrtc import connect

        async def main() -> None:
            async with AsyncAIGateClient(project_id="your-project-id") as client:
                session = await client.create_session(model="gpt-realtime", voice="marin")
                async with connect(session) as call:
                    await call.send({"type": "response.create"})
                    async for event in call:
                        if event["type"] == "response.done":
                            break

        asyncio.run(main())
        ```
    """
    _check_awaited(session_or_factory)
    try:
        require_aiortc()
        options = Options(
            audio=audio,
            relay_only=relay_only,
            ice_tcp=ice_tcp,
            open_timeout=open_timeout,
            close_timeout=close_timeout,
            max_queue=max_queue,
            api=api,
            realtime_url=realtime_url,
            http_client=http_client,
            event_names=event_names,
        )
    except AIGateError:
        # What shows the variables of a failure would show the session.
        del session_or_factory
        raise
    return Connector(session_or_factory, options)


def _check_awaited(source: object) -> None:
    if not isawaitable(source):
        return
    if iscoroutine(source):
        # Else Python would warn that it was never awaited.
        source.close()
    raise AIGateError(
        "A session that isn't there yet was passed: await it first, as in "
        "connect(await client.create_session()), or pass the function that creates it."
    )


async def _created(factory: SessionFactory) -> SessionResponse:
    awaitable: object = factory()
    if isawaitable(awaitable):
        session: SessionResponse = await awaitable
        return session
    # What shows the variables of a failure would show a session.
    del awaitable
    raise AIGateError("A factory of sessions must be an async function.")


async def _wait(backoff: Backoff, failure: AIGateError) -> None:
    wait = backoff.fail(failure)
    if wait is None:
        raise failure
    log(logging.DEBUG, False, "the next call after %.1f s: %s", wait, type(failure).__name__)
    await asyncio.sleep(wait)
