"""The SDP exchange against a server on loopback."""

from __future__ import annotations

import asyncio
import inspect
import json
import signal
import socket
import ssl
import traceback
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from types import FrameType
from typing import Any, NoReturn

import httpx
import pytest

from ai_gate import AIGateError, APIConnectionError, APITimeoutError, InvalidResponseError
from ai_gate._call.exchange import Deadline
from ai_gate._http import AsyncClients
from ai_gate.testing._faults.steps import Send
from ai_gate.webrtc import SDPRefusedError, WebRTCError
from ai_gate.webrtc._sdp_post import Poster
from ai_gate.webrtc._signaling import API, SDPAnswer, sdp_exchange
from ai_gate.webrtc._types import SDP
from tests.support.fixtures import Serve
from tests.support.responses import head, json_response, response
from tests.support.server import Request, Server
from tests.support.steps import Handshake, ReadRequest, answer

OFFER = SDP("v=0\r\no=offer\r\n")
ANSWER = SDP("v=0\r\no=answer\r\n")
SECRET = "ek_very_secret"
CREATED = response(201, ANSWER.text.encode(), "Location: /v1/realtime/calls/rtc_1")
GONE = json_response({"error": {"code": "beta_api_shape_disabled", "message": "Gone"}}, 400)


def exchange(
    url: str,
    api: API = "auto",
    client: httpx.AsyncClient | None = None,
    secret: str = SECRET,
    model: object = "gpt-realtime & co",
) -> SDPAnswer:
    async def main() -> SDPAnswer:
        async with AsyncExitStack() as stack:
            if client is not None:
                stack.push_async_callback(client.aclose)
            used = await stack.enter_async_context(aclosing(AsyncClients(httpx.URL(url), client)))
            chosen = sdp_exchange(api, httpx.URL(url), model)
            return await chosen.exchange(OFFER, Poster(used, secret, Deadline(30.0)))

    return asyncio.run(main())


def refused(server: Server, api: API = "auto") -> SDPRefusedError:
    with pytest.raises(SDPRefusedError) as caught:
        exchange(f"{server.url}/v1/realtime", api)
    return caught.value


def test_the_current_protocol(serve: Serve) -> None:
    server = serve(answer(lambda _: CREATED))
    came = exchange(f"{server.url}/v1/realtime/", "calls")
    assert (came.sdp, came.call_id) == (ANSWER, "rtc_1")
    (received,) = server.requests
    assert (received.method, received.target) == ("POST", "/v1/realtime/calls")
    assert received.body == OFFER.text.encode()
    assert received.headers["content-type"] == "application/sdp"
    assert received.headers["authorization"] == f"Bearer {SECRET}"
    assert received.headers["user-agent"].startswith("ai-gate-python/")


def test_the_beta(serve: Serve) -> None:
    server = serve(answer(lambda _: response(200, ANSWER.text.encode())))
    came = exchange(f"{server.url}/v1/realtime", "beta")
    assert (came.sdp, came.call_id) == (ANSWER, None)
    assert server.requests[0].target == "/v1/realtime?model=gpt-realtime+%26+co"


def test_a_query_of_the_callers_stays(serve: Serve) -> None:
    server = serve(answer(lambda _: CREATED))
    exchange(f"{server.url}/openai?region=x", "calls")
    exchange(f"{server.url}/openai?region=x", "beta")
    assert [one.target for one in server.requests] == [
        "/openai/calls?region=x",
        "/openai?region=x&model=gpt-realtime+%26+co",
    ]


@pytest.mark.parametrize(("api", "target"), [("calls", "/calls"), ("beta", "")])
def test_parameters_of_the_client_take_nothing_away(serve: Serve, api: API, target: str) -> None:
    server = serve(answer(lambda _: CREATED))
    client = httpx.AsyncClient(params={"trace": "1", "region": "y"})
    exchange(f"{server.url}/openai?region=x", api, client)
    url = httpx.URL(server.requests[0].target)
    model = {"model": "gpt-realtime & co"} if api == "beta" else {}
    assert url.path == f"/openai{target}"
    assert dict(url.params) == {"trace": "1", "region": "x", **model}


@pytest.mark.parametrize("model", [None, "", 7, ["gpt-realtime"], "\ud800"])
def test_only_the_beta_needs_a_model(serve: Serve, model: object) -> None:
    server = serve(answer(lambda _: CREATED))
    assert exchange(server.url, "calls", model=model).sdp == ANSWER
    with pytest.raises(WebRTCError, match="names no model"):
        exchange(server.url, "beta", model=model)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("location", "call_id"),
    [
        ("/v1/realtime/calls/rtc_2", "rtc_2"),
        ("https://api.openai.com/v1/realtime/calls/rtc_2?x=/y", "rtc_2"),
        ("rtc_2", "rtc_2"),
        ("/v1/realtime/calls/rtc_2/", "rtc_2"),
        ("/v1/realtime/calls/rtc_2#f", "rtc_2"),
        ("/v1/realtime/calls/rtc_2#f?x=/y", "rtc_2"),
        ("", None),
    ],
)
def test_the_id_of_a_call(serve: Serve, location: str, call_id: str | None) -> None:
    server = serve(answer(lambda _: response(201, ANSWER.text.encode(), f"Location: {location}")))
    assert exchange(server.url, "calls").call_id == call_id


@pytest.mark.parametrize(
    "reply",
    [
        response(404),
        response(405),
        json_response({"error": {"code": "api_version_mismatch", "message": "x"}}, 400),
        json_response({"error": {"code": "api_version_mismatch", "message": "x"}}, 401),
    ],
    ids=["404", "405", "version and 400", "version and 401"],
)
def test_auto_falls_back_where_no_call_can_have_begun(serve: Serve, reply: bytes) -> None:
    def respond(received: Request) -> bytes:
        return reply if received.target.endswith("/calls") else CREATED

    server = serve(answer(respond))
    assert exchange(server.url).sdp == ANSWER
    assert len(server.requests) == 2


REFUSED = json_response({"error": {"code": "insufficient_quota"}}, 403)


@pytest.mark.parametrize(
    "reply",
    [
        REFUSED[:-1],
        REFUSED.replace(b"HTTP/1.1 403 X", b"HTTP/1.1 403 X\r\nX Y"),
        head(403, "Transfer-Encoding: chunked") + b"zz\r\n",
        head(404, "Content-Length: 900"),
    ],
    ids=["cut", "a bad line", "a bad chunk", "none of it"],
)
def test_a_refusal_is_one_however_it_comes(serve: Serve, reply: bytes) -> None:
    server = serve((ReadRequest(), Send(reply)), (ReadRequest(), Send(reply)))
    error = refused(server)
    assert error.status_code in (403, 404)
    assert len(server.requests) == (2 if error.status_code == 404 else 1)


@pytest.mark.parametrize(
    ("reply", "error", "kept"),
    [
        (CREATED.replace(b"HTTP/1.1", b"HTTP/2"), APIConnectionError, ANSWER),
        (CREATED.replace(b"Length: ", b"Length: x"), InvalidResponseError, ANSWER),
    ],
    ids=["the status line", "a header line"],
)
def test_an_answer_behind_what_is_refused(
    serve: Serve, reply: bytes, error: type[AIGateError], kept: SDP
) -> None:
    server = serve((ReadRequest(), Send(reply)))
    with pytest.raises(error, match=r"can't be read: .* may have begun") as caught:
        exchange(server.url)
    assert kept.text.encode() in (caught.value.body or b"")


@pytest.mark.parametrize("status", [200, 201, 301, 307, 400, 401, 403, 409, 410, 429, 500, 503])
def test_else_it_does_not(serve: Serve, status: int) -> None:
    server = serve(
        answer(lambda _: json_response({"error": {"code": "x"}}, status, "Location: /elsewhere"))
    )
    with pytest.raises(AIGateError):
        exchange(server.url)
    assert len(server.requests) == 1


def test_a_lost_answer_is_no_reason_either(serve: Serve) -> None:
    server = serve(answer(lambda _: None))
    with pytest.raises(APIConnectionError, match="A call may have begun all the same"):
        exchange(server.url)
    assert len(server.requests) == 1


NO_MODEL = json_response({"error": {"code": "model_not_found", "message": "No such model"}}, 404)


@pytest.mark.parametrize(
    ("second", "told", "chained"),
    [
        (GONE, "model_not_found", "beta_api_shape_disabled"),
        (response(405), "model_not_found", None),
        (json_response({"error": {"code": "quota"}}, 429), "quota", "model_not_found"),
    ],
)
def test_the_refusal_that_says_more_is_told_and_the_other_one_chained(
    serve: Serve, second: bytes, told: str, chained: str | None
) -> None:
    server = serve(answer(lambda one: NO_MODEL if one.target.endswith("/calls") else second))
    failure = refused(server)
    assert failure.code == told
    assert isinstance(failure.__cause__, SDPRefusedError)
    assert failure.__cause__.code == chained


def test_a_session_without_a_model_hides_no_refusal(serve: Serve) -> None:
    server = serve(answer(lambda _: response(404)))
    with pytest.raises(SDPRefusedError) as caught:
        exchange(server.url, model=None)
    assert caught.value.status_code == 404
    assert "names no model" in str(caught.value.__cause__)


def test_only_the_one_that_is_named_is_tried(serve: Serve) -> None:
    server = serve(answer(lambda _: response(404)))
    assert refused(server, "calls").status_code == 404
    assert refused(server, "beta").status_code == 404
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "."),
        (b"<html>", "."),
        (b"[]", "."),
        (b'{"error": {"message": " "}}', "."),
        (b'{"error": {"message": 7, "code": 7}}', "."),
        (b'{"error": "x", "message": "Not now"}', ": Not now"),
        (b'{"error": {"message": "sk-abc is wrong"}}', ": *** is wrong"),
        (json.dumps({"error": {"message": "x" * 5000}}).encode(), ": " + "x" * 500 + "..."),
        # Cut first, a part of a secret would be no secret any more.
        (
            json.dumps({"error": {"message": "x" * 495 + f" {SECRET}"}}).encode(),
            ": " + "x" * 495 + " ***",
        ),
        (b'{"error": {"message": "Bad line candidate:1 1 udp 1 192.0.2.1"}}', ": Bad line ***"),
        (b'{"error": {"message": "Bad line ice-pwd:abcdef"}}', ": Bad line ***"),
        (b'{"error": {"message": "Bad: v=0\\r\\no=- 1 1 IN IP4 192.0.2.1"}}', ": Bad: ***"),
        (b'{"error": {"message": "Bad: v=0 o=- 1 1 IN IP4 192.0.2.1"}}', ": Bad: ***"),
        (b'{"error": {"message": "Bad line:\\na=ice-pwd:s3cret"}}', ": Bad line:?***"),
        (b'{"error": {"message": "Bad line: \\\\r\\\\na=ice-pwd:s3cret"}}', ": Bad line: \\r***"),
        (b'{"error": {"message": "Bad: m=audio 5 x"}}', ": Bad: ***"),
        (b'{"error": {"message": "\\u001b[2J\\u202ebidi"}}', ": ?[2J?bidi"),
        (b'{"error": {"message": "The schema=a is wrong"}}', ": The schema=a is wrong"),
    ],
    ids=str,
)
def test_what_a_refusal_says(serve: Serve, body: bytes, text: str) -> None:
    server = serve(answer(lambda _: response(418, body, "Retry-After: 2", "x-request-id: req_9")))
    failure = refused(server)
    assert str(failure) == f"The SDP offer was refused (HTTP 418){text}"
    assert (failure.status_code, failure.body) == (418, body)
    assert (failure.retry_after, failure.request_id) == (2.0, "req_9")


@pytest.mark.parametrize("secret", [SECRET, "another-shape"])
@pytest.mark.parametrize("code", ["{}", "no {}", "x" * 65, "a=ice-pwd:x"])
def test_what_a_refusal_does_not_say(serve: Serve, secret: str, code: str) -> None:
    error = {"code": code.format(secret), "message": f"Not {secret}"}
    server = serve(answer(lambda _: json_response({"error": error}, 400)))
    with pytest.raises(SDPRefusedError) as caught:
        exchange(server.url, secret=secret)
    assert str(caught.value) == "The SDP offer was refused (HTTP 400): Not ***"


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"sdp": "v=0"}', b"\xff\xfe", b"v=0" * 100_000])
def test_a_success_that_is_no_sdp(serve: Serve, body: bytes) -> None:
    server = serve(answer(lambda _: response(201, body)))
    with pytest.raises(InvalidResponseError, match="HTTP 201 and a body that is no SDP") as caught:
        exchange(server.url)
    assert caught.value.body == body


def test_a_compressed_answer_is_not_asked_for(serve: Serve) -> None:
    server = serve(answer(lambda _: CREATED))
    exchange(server.url)
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_nobody_listens() -> None:
    with pytest.raises(APIConnectionError, match="could not be sent") as caught:
        exchange("http://127.0.0.1:9")
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


def test_a_timeout_of_the_transport() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout(f"slow with {SECRET}", request=request)

    client = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    with pytest.raises(APITimeoutError) as caught:
        exchange("http://server", client=client)
    assert SECRET not in str(caught.value)


def test_a_hook_that_reads_the_answer(serve: Serve) -> None:
    server = serve(answer(lambda _: CREATED))

    async def read(response: httpx.Response) -> None:
        await response.aread()

    client = httpx.AsyncClient(event_hooks={"response": [read]})
    assert exchange(server.url, client=client).sdp == ANSWER


async def _close(response: httpx.Response) -> None:
    await response.aclose()


async def _read_half(response: httpx.Response) -> None:
    await anext(response.aiter_raw())


@pytest.mark.parametrize("hook", [_close, _read_half])
def test_a_hook_that_leaves_nothing_to_read(serve: Serve, hook: Callable[..., object]) -> None:
    server = serve(answer(lambda _: CREATED))
    client = httpx.AsyncClient(event_hooks={"response": [hook]})
    with pytest.raises(AIGateError, match=r"HTTP 201, but a hook .* may have begun") as caught:
        exchange(server.url, client=client)
    assert type(caught.value) is AIGateError
    assert caught.value.status_code == 201


@pytest.mark.parametrize("error", [KeyError, TimeoutError, RuntimeError])
@pytest.mark.parametrize("event", ["request", "response"])
def test_what_a_hook_raises_is_the_apps_own(
    serve: Serve, event: str, error: type[Exception]
) -> None:
    async def fail(_: object) -> None:
        raise error("the hook's own")

    server = serve(answer(lambda _: CREATED))
    with pytest.raises(error, match="the hook's own") as caught:
        exchange(server.url, client=httpx.AsyncClient(event_hooks={event: [fail]}))
    assert type(caught.value) is error


@pytest.mark.parametrize("hooks", [{}, {"response": [_close]}], ids=["no hook", "a hook"])
def test_a_client_of_another_event_loop(serve: Serve, hooks: dict[str, list[Any]]) -> None:
    server = serve(answer(lambda _: CREATED))
    client = httpx.AsyncClient()
    with asyncio.Runner() as other:
        # Its connection stays in the client's pool.
        other.run(client.post(server.url))
        client.event_hooks = hooks

        async def main() -> None:
            poster = Poster(AsyncClients(httpx.URL(server.url), client), SECRET, Deadline(30.0))
            with pytest.raises(AIGateError, match="belongs to another event loop") as caught:
                await sdp_exchange("calls", httpx.URL(server.url), None).exchange(OFFER, poster)
            # Trying again would be of no use.
            assert type(caught.value) is AIGateError

        with asyncio.Runner() as runner:
            runner.run(main())
        other.run(client.aclose())


def test_a_header_that_cannot_be_sent(serve: Serve) -> None:
    server = serve(answer(lambda _: CREATED))
    client = httpx.AsyncClient(headers={"X-Note": "two\nlines"})
    with pytest.raises(APIConnectionError, match="could not be sent") as caught:
        exchange(server.url, client=client)
    assert isinstance(caught.value.__cause__, httpx.LocalProtocolError)
    assert server.requests == []


@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_an_unusable_environment(quote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scheme = "http" if quote else "ftp"
    monkeypatch.setenv("HTTPS_PROXY", f"{quote}{scheme}://user:hunter2@proxy{quote}")
    with pytest.raises(AIGateError, match="check the proxy and CA settings") as caught:
        exchange("https://127.0.0.1:9")
    error: BaseException | None = caught.value
    assert "HTTPS_PROXY" in str(error)
    while error is not None:
        assert "hunter2" not in str(error)
        assert all("hunter2" not in text for text in shown_locals(error))
        error = error.__cause__ or error.__context__


def shown_locals(error: BaseException) -> Iterator[str]:
    """What a crash reporter shows of the SDK's own frames."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_globals["__name__"].startswith("ai_gate"):
            yield repr(frame.f_locals)


@pytest.mark.parametrize(
    "sent",
    [f"SSH {SECRET}\r\n\r\n", f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n"],
    ids=["no status line", "no chunk line"],
)
def test_garbage_that_repeats_the_secret(serve: Serve, sent: str) -> None:
    server = serve((ReadRequest(), Send(sent.encode())))
    with pytest.raises(AIGateError, match=r"\*\*\*") as caught:
        exchange(server.url)
    assert isinstance(caught.value.__cause__, httpx.RemoteProtocolError)
    error: BaseException | None = caught.value
    while error is not None:
        assert SECRET not in f"{error} {error!r} {error.args}"
        assert all(SECRET not in text for text in shown_locals(error))
        # The frames of others hold what came.
        assert error is caught.value or error.__traceback__ is None
        error = error.__cause__ or error.__context__


class TimeIsUp(TimeoutError):  # noqa: N818 - as Celery names its own
    """A task's time limit."""


def limit(_: int, __: FrameType | None) -> NoReturn:
    """Handle a signal."""
    raise TimeIsUp("the app's")


class Interrupted(ssl.SSLContext):
    """Is interrupted by a signal where httpcore takes a TimeoutError for the network's."""

    def wrap_bio(self, *_: object, **__: object) -> NoReturn:
        """Begin a handshake."""
        limit(signal.SIGTERM, inspect.currentframe())


def test_what_a_signal_handler_raises_is_the_apps_own(serve: Serve) -> None:
    url = serve(answer(lambda _: CREATED)).url.replace("http:", "https:")
    client = httpx.AsyncClient(verify=Interrupted(ssl.PROTOCOL_TLS_CLIENT))
    with pytest.raises(TimeIsUp, match="the app's"):
        exchange(url, client=client)


@pytest.mark.parametrize("no_proxy", ["", "gate.test"])
def test_a_proxy_of_the_environment(
    no_proxy: str, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, proxy = serve(answer(lambda _: response(502))), serve(answer(lambda _: CREATED))
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//user:hunter2@"))
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert exchange(server.url, "calls").sdp == ANSWER
    assert (len(proxy.requests), len(server.requests)) == (1, 0)
    assert proxy.requests[0].target == f"{server.url}/calls"
    assert proxy.requests[0].headers["proxy-authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "no_proxy", ["localhost,*", "127.0.0.0/8", "http://127.0.0.1", "fd::/8,127.0.0.1"]
)
def test_no_proxy(no_proxy: str, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    server, proxy = serve(answer(lambda _: CREATED)), serve(answer(lambda _: response(502)))
    monkeypatch.setenv("ALL_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert exchange(server.url, "calls").sdp == ANSWER
    assert (len(proxy.requests), len(server.requests)) == (0, 1)


@pytest.mark.usefixtures("trusted")
def test_an_absolute_name(
    serve: Serve, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: look_up("127.0.0.1", *rest, **more)
    )
    server = serve((Handshake(tls), *answer(lambda _: CREATED)), scheme="https")
    assert exchange(server.url.replace("127.0.0.1", "gate.test."), "calls").sdp == ANSWER


def test_an_error_names_the_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(listening=False)
    monkeypatch.setenv("https_proxy", proxy.url.replace("//", "//user:hunter2@"))
    with pytest.raises(APIConnectionError) as caught:
        exchange("https://gate.test")
    where = f"through the proxy 127.0.0.1 port {proxy.url.rpartition(':')[2]} (https_proxy)"
    assert str(caught.value).startswith(f"The SDP offer could not be sent {where}: ")
    assert "hunter2" not in str(caught.value)
