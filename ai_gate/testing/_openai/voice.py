"""MockVoice: what a test sees of OpenAI's side, and how it tells it to misbehave."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ai_gate.testing._openai.flood import Flood
from ai_gate.testing._openai.records import Api, VoiceCall
from ai_gate.testing._openai.refusals import refusal
from ai_gate.testing._response import Answer

if TYPE_CHECKING:
    from ai_gate.testing._openai.realtime import Realtime


class MockVoice:
    """OpenAI's side of the calls of a `MockGate(realtime=True)`: its attribute `voice`.

    Under `gate.realtime_url` it takes SDP offers with client secrets that the gate has minted and
    that haven't expired by the gate's clock, at `/calls` (today's protocol) and at `?model=` (the
    beta's). Browsers may come from any origin. One aiortc peer answers each call; all of them live
    in one background thread.

    On the data channel it speaks the documented events, in the spelling of the path that was taken:
    `session.update`, `conversation.item.create` and `.delete`, `input_audio_buffer.append`,
    `.commit` and `.clear`, `output_audio_buffer.clear`, `response.create` and `.cancel`. To
    anything else it answers with an `error` event. It answers text with `You said: ...`, sound with
    the seconds that it heard, and nothing at all with a greeting, each time with a tone of 440 Hz
    for a voice, or in writing where the modalities say so. While there is no tone, it sends back
    the sound that it hears. It notices no end of speech: a client asks for each answer.

    A client that has no hands on the gate can send three events of the mock's own: `mock.flood`
    with `count` and `size`, `mock.vanish` and `mock.hang_up`.

    A host that has no network interface but loopback can't make calls, since aiortc's ICE leaves
    127.0.0.1 out: such an SDP offer gets a 503 with the code `no_candidates`.

    The methods can be called from any thread.

    Example:
        >>> with MockGate(realtime=True) as gate:
        ...     gate.voice.refuse_next(429, code="rate_limit_exceeded", retry_after=2)
        ...     gate.voice.calls
        []
    """

    def __init__(self, realtime: "Realtime") -> None:
        self._realtime = realtime

    def __repr__(self) -> str:
        return f"<MockVoice with {len(self.calls)} calls>"

    @property
    def calls(self) -> list[VoiceCall]:
        """The calls that were taken, in order, those that are over too. A copy.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     [call.state for call in gate.voice.calls]
            []
        """
        return self._realtime.register.calls()

    def wait_until(
        self, condition: Callable[[list[VoiceCall]], bool], timeout: float = 10.0
    ) -> list[VoiceCall]:
        """Wait until the calls are as wanted. In a coroutine, wrap it in `asyncio.to_thread`.

        Args:
            condition: Is given the calls, at once and after each change.
            timeout: The longest wait, in seconds. Default 10.

        Returns:
            The calls.

        Raises:
            TimeoutError: They weren't as wanted in time.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.wait_until(lambda calls: len(calls) == 0)
            []
        """
        if not self._realtime.register.wait_until(condition, timeout):
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
            status: The status of the answer, for example 429.
            code: OpenAI's code of the error, for example `rate_limit_exceeded`.
            message: What the error says.
            retry_after: Seconds for the header `Retry-After`. Default None: no such header.
            body: A body in place of the error's JSON, for example a page of HTML, or, with the
                status 201, what is no SDP. Default None: the JSON.

        Raises:
            ValueError: `status` is no status of three digits.

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
        answer = refusal(status, code, message, headers)
        if body is not None:
            content_type = "application/sdp" if status < 300 else "text/html"
            answer = Answer(status, body, content_type, headers)
        self._realtime.misbehaviour.refuse_next(answer)

    def only(self, api: Api | None) -> None:
        """Speak one protocol alone: the path of the other one answers 404.

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
        self._realtime.misbehaviour.only(api)

    def expire(self) -> None:
        """Let every client secret minted so far be past its time, whatever `expires_at` says.

        `gate.advance(60)` does the same in keeping with what the sessions say.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.expire()
        """
        self._realtime.client_secrets.expire()

    def hang_up(self) -> None:
        """End every live call as OpenAI ends one: the channel and the connection are closed.

        An SDP offer that is being answered gets a 503 with the code `call_ended`. So it does from
        `vanish` and from the gate's `reset`.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.hang_up()
        """
        self._realtime.calls.hang_up()

    def vanish(self) -> None:
        """Let every live peer be gone at once, as if its process had been killed.

        No goodbye is sent, and nothing is answered any more: no DTLS, RTP, RTCP or STUN. The gate
        itself goes on, and takes new calls.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.vanish()
        """
        self._realtime.calls.vanish()

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event to every client whose channel is open, as it is.

        Args:
            event: The event; its names are not changed for the beta.

        Raises:
            ValueError: A client takes no event that large. The other clients have got it.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.send({"type": "error", "error": {"code": "session_expired"}})
        """
        self._realtime.calls.send(event)

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
        self._realtime.calls.flood(Flood(count, size))
