"""The faults by name, besides the documented errors: what becomes of a response."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from ai_gate.testing._faults.steps import Close, Drip, Reset, Script, Send, Stall
from ai_gate.testing._response import CarryOut, Effect, Response

_HTML = b"<!DOCTYPE html>\n<html><body><h1>Sign in to the network</h1></body></html>\n"
_HUGE = 9 * 2**20
_TITLES = {
    521: "Web server is down",
    523: "Origin is unreachable",
    524: "A timeout occurred",
    525: "SSL handshake failed",
    526: "Invalid SSL certificate",
    527: "Railgun error",
}


def whole(head: bytes, body: bytes) -> Script:
    """Send a response as it is."""
    return (Send(head + body),)


def _sent(script: Callable[[bytes, bytes], Script]) -> Effect:
    """Carry the request out, and send the response in another way."""
    return lambda carry_out: replace(carry_out(), script=script)


def _bodied(change: Callable[[bytes], bytes]) -> Effect:
    """Carry the request out, and send the response with another body."""

    def effect(carry_out: CarryOut) -> Response:
        response = carry_out()
        return replace(response, body=change(response.body), script=whole)

    return effect


def _instead(
    status: int,
    body: bytes = b"",
    script: Callable[[bytes, bytes], Script] | None = whole,
    **headers: str,
) -> Effect:
    """Leave the request undone."""
    response = Response(status, body, "text/html", headers, script)
    return lambda _: response


def _half(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _misstated(head: bytes, body: bytes) -> Script:
    length = b"Content-Length: %d\r\n"
    return (Send(head.replace(length % len(body), length % (len(body) // 2)) + body), Close())


TIMED: Mapping[str, tuple[float, Callable[[bytes, float], Script]]] = {
    "latency": (1.0, lambda data, seconds: (Stall(seconds), Send(data))),
    "drip": (0.04, lambda data, seconds: (Drip(data, seconds),)),
}
"""The faults that take seconds, each with how many it takes unless told otherwise."""


def timed(name: str, seconds: float | None) -> Effect:
    """Carry the request out, and send the response in more time."""
    usual, steps = TIMED[name]
    wanted = usual if seconds is None else seconds
    return _sent(lambda head, body: steps(head + body, wanted))


FAULTS: Mapping[str, Effect] = {
    "stall": _instead(200, script=lambda *_: (Stall(), Close())),
    "stall_in_body": _sent(lambda head, body: (Send(head + _half(body)), Stall(), Close())),
    "reset": _instead(200, script=lambda *_: (Reset(),)),
    "reset_in_body": _sent(lambda head, body: (Send(head + _half(body)), Reset())),
    "reset_after": _sent(lambda head, body: (Send(head + body), Reset())),
    "truncate": _sent(lambda head, body: (Send(head + _half(body)), Close())),
    "wrong_length": _sent(_misstated),
    "malformed": _bodied(_half),
    "empty": _bodied(lambda _: b""),
    "huge": _bodied(lambda body: body.ljust(_HUGE)),
    "html": _instead(200, _HTML),
    "redirect": _instead(302, Location="/health"),
}
"""The others, each with what it does unless the spec has a response of this name."""


def cloudflare(page: str) -> dict[str, Effect]:
    """Make Cloudflare's errors that the spec shows no example of, from its page for a 522."""
    return {
        f"cloudflare_{status}": _instead(
            status,
            page.replace("522", str(status)).replace("Connection timed out", title).encode(),
            script=None,
        )
        for status, title in _TITLES.items()
    }
