"""MockVoice: what a test sees of OpenAI's side, and how it makes calls fail."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ai_gate._lazy import LazyModule
from ai_gate.testing._openai.endpoints import refusal
from ai_gate.testing._openai.events import Api
from ai_gate.testing._openai.faults import Flood
from ai_gate.testing._openai.register import VoiceCall
from ai_gate.testing._response import Response

if TYPE_CHECKING:
    from ai_gate.testing._openai import realtime
else:
    # It imports aiortc, which the public name MockVoice doesn't need.
    realtime = LazyModule("ai_gate.testing._openai.realtime")


class MockVoice:
    """OpenAI's side of the calls of a `MockGate(realtime=True)`: its attribute `voice`.

    Under `gate.realtime_url` it accepts SDP offers with client secrets that the gate has created
    and that haven't expired by the gate's clock, at `/calls` (today's protocol) and at `?model=`
    (the beta's). Browsers may come from any origin. An aiortc peer answers each call; all peers
    run in one background thread.

    On the data channel it handles the documented events, in the spelling of the path of the offer:
    `session.update`, `conversation.item.create` and `.delete`, `input_audio_buffer.append`,
    `.commit` and `.clear`, `output_audio_buffer.clear`, `response.create` and `.cancel`. For
    anything else it sends an `error` event. The model's reply to text is `You said: ...`, to sound
    the seconds that it heard, and to neither of them a greeting, each time with a tone of 440 Hz
    for a voice, or in writing if the modalities say so. While there is no tone, it sends back the
    sound that it hears. It notices the end of speech, and replies, where `will_hear` says what it
    hears; else a client asks for each reply. A call ends an hour after its session was created.

    A client without access to the gate object can send three events of the mock's own:
    `mock.flood` with `count` and `size`, `mock.vanish` and `mock.hang_up`.

    A host whose only network interface is loopback can't make calls, since aiortc's ICE leaves
    127.0.0.1 out: such an SDP offer gets a 503 with the code `no_candidates`.

    The methods can be called from any thread.

    Example:
        >>> with MockGate(realtime=True) as gate:
        ...     gate.voice.refuse_next(429, code="rate_limit_exceeded", retry_after=2)
        ...     gate.voice.calls
        []
    """

    def __init__(self, realtime: "realtime.Realtime") -> None:
        self._realtime = realtime
        self._register = realtime.register
        self._faults = realtime.faults

    def __repr__(self) -> str:
        return f"<MockVoice with {len(self.calls)} calls>"

    @property
    def calls(self) -> list[VoiceCall]:
        """The calls that were accepted, in order, closed ones included: the newest 1,000. A copy.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     [call.state for call in gate.voice.calls]
            []
        """
        return self._register.calls()

    def wait_until(
        self, condition: Callable[[list[VoiceCall]], bool], timeout: float = 10.0
    ) -> list[VoiceCall]:
        """Wait until a condition is true. In a coroutine, wrap it in `asyncio.to_thread`.

        Args:
            condition: Called with the calls, at once and after each change.
            timeout: How long to wait, in seconds. Default 10.

        Returns:
            The calls.

        Raises:
            TimeoutError: The condition wasn't true in time.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.wait_until(lambda calls: len(calls) == 0)
            []
        """
        if not self._register.wait_until(condition, timeout):
            raise TimeoutError(f"The calls of the mock gate weren't as wanted in {timeout:g} s")
        return self.calls

    def refuse_next(
        self,
        status: int,
        *,
        code: str | None = None,
        message: str = "The mock gate was told to refuse",
        retry_after: float | None = None,
        body: bytes | None = None,
    ) -> None:
        """Refuse a coming SDP offer, whatever it is. Several calls queue up.

        Args:
            status: The status of the response, for example 429.
            code: OpenAI's code of the error, for example `rate_limit_exceeded`.
            message: What the error says.
            retry_after: Seconds for the header `Retry-After`. Default None: no such header.
            body: A body in place of the error's JSON, for example a page of HTML, or, with the
                status 201, something that isn't SDP. Default None: the JSON.

        Raises:
            ValueError: `status` is not from 200 to 599.

        Example:
            >>> import httpx
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.refuse_next(503, code="server_overloaded")
            ...     httpx.post(f"{gate.realtime_url}/calls").json()["error"]["code"]
            'server_overloaded'
        """
        if not 200 <= status <= 599:
            raise ValueError(f"status must be from 200 to 599, got {status}")
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        response = refusal(status, code, message, headers)
        if body is not None:
            content_type = "application/sdp" if status < 300 else "text/html"
            response = Response(status, body, content_type, headers)
        self._faults.refusals.append(response)

    def will_hear(self, transcript: str) -> None:
        """Say what the client says next: sound, then 200 ms of silence.

        The client gets `input_audio_buffer.speech_started`, `.speech_stopped` and `.committed`, the
        transcript in `conversation.item.input_audio_transcription.completed`, and a reply to it.
        Several calls queue up, for whichever client speaks first.

        Args:
            transcript: What is heard.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.will_hear("What's the weather like in Oslo?")
        """
        self._faults.heard.append(transcript)

    def will_call(self, name: str, arguments: Mapping[str, Any]) -> None:
        """Let the model call a function in its next reply. Several calls queue up.

        Args:
            name: The function's name.
            arguments: What it is called with.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.will_call("get_weather", {"city": "Oslo"})
        """
        self._faults.called.append((name, dict(arguments)))

    def impair(self, *, loss: float = 0.0, jitter: float = 0.0) -> None:
        """Lose packets of audio, and let others come late, in both directions, from now on.

        Args:
            loss: The share that is lost, from 0 to 1. Default 0. It is the same ones in each run.
            jitter: By how much each may be late, in seconds, at most. Default 0.

        Raises:
            ValueError: One of them is out of range.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.impair(loss=0.05, jitter=0.03)
        """
        if not (0 <= loss <= 1 and 0 <= jitter < float("inf")):
            raise ValueError(f"loss must be from 0 to 1, jitter not negative: {loss}, {jitter}")
        self._faults.loss, self._faults.jitter = loss, jitter

    def only(self, api: Api | None) -> None:
        """Speak one protocol only: the path of the other one gives 404.

        Args:
            api: `calls` or `beta`; None for both again.

        Raises:
            ValueError: There is no such protocol.

        Example:
            >>> import httpx
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.only("beta")
            ...     httpx.post(f"{gate.realtime_url}/calls").status_code
            404
        """
        if api not in ("calls", "beta", None):
            raise ValueError(f"api must be 'calls', 'beta' or None, got {api!r}")
        self._faults.only = api

    def ice_lite(self, enabled: bool) -> None:
        """Answer coming offers as a peer with ICE-lite, which OpenAI's is, or with all of ICE.

        A peer with ICE-lite sends no checks of its own, so that only a path which the client checks
        can be found.

        Args:
            enabled: Whether the peer is one with ICE-lite. It is until this is called, and after
                the gate's `reset`.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.ice_lite(False)
        """
        self._faults.is_ice_lite = enabled

    def expire(self) -> None:
        """Make every client secret created so far expire now, whatever `expires_at` says.

        `gate.advance(60)` makes them expire at the time that `expires_at` says.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.expire()
        """
        self._faults.expired = set(self._realtime.state.sessions.all())

    def hang_up(self) -> None:
        """End every live call as OpenAI ends one: the channel and the connection are closed.

        An SDP offer that is being answered gets a 503 with the code `call_ended`, as it does after
        `vanish` and after the gate's `reset`.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.hang_up()
        """
        self._realtime.hang_up()

    def vanish(self) -> None:
        """Make every live peer vanish at once, as if its process had been killed.

        It sends nothing any more, neither DTLS, RTP and RTCP nor responses to STUN. The gate itself
        goes on, and accepts new calls.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.vanish()
        """
        self._realtime.each(lambda peer: peer.vanish())

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event to every client whose channel is open, as it is.

        Args:
            event: The event; its names are not changed for the beta.

        Raises:
            ValueError: The event is too large for a client. The other clients got it.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.send({"type": "error", "error": {"code": "session_expired"}})
        """
        self._realtime.each(lambda peer: peer.send(event))

    def flood(self, count: int, size: int = 0) -> None:
        """Start to send events of the type `mock.flood` to every client. It doesn't wait.

        A client whose channel isn't open yet gets them as soon as it is.

        Args:
            count: How many, each with an `index` that counts from 0.
            size: The characters of each one's `data`, at most 200,000. Default 0.

        Raises:
            ValueError: One of them is negative, or `size` too large.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.flood(3000, size=100)
        """
        flood = Flood(count, size)
        self._realtime.each(lambda peer: peer.flood(flood))
