"""The documented responses: every named example of the spec, and which of them is wanted."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ai_gate.testing._contract import Contract
from ai_gate.testing._response import Effect, Response, encode_json

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True)
class Example:
    """One documented response of one operation."""

    method: str
    path: str
    status: int
    name: str
    content_type: str
    value: Any
    headers: Mapping[str, str]

    def response(self, _: object = None) -> Response:
        """Make the response that the example shows, whatever the request."""
        is_text = isinstance(self.value, str)
        body = self.value.encode("utf-8") if is_text else encode_json(self.value)
        return Response(self.status, body, self.content_type, self.headers)


@dataclass(frozen=True)
class Pick:
    """Which response is wanted: a documented one, where None stands for any, or a fault's."""

    status: int | None
    name: str | None
    fault: Effect | None = None

    def find(self, examples: Iterable[Example]) -> Effect | None:
        """Return what makes it: the fault, or the first example that fits, in the spec's order."""
        fitting = (
            example.response
            for example in examples
            if self.status in (None, example.status) and self.name in (None, example.name)
        )
        return self.fault or next(fitting, None)

    def mismatch(self, examples: Iterable[Example]) -> str:
        """Say that no example fits, and list those there are."""
        wanted = " ".join(str(part) for part in (self.status, self.name) if part is not None)
        there_is = ", ".join(dict.fromkeys(f"{item.status} {item.name}" for item in examples))
        return f"no such answer is documented: {wanted}; there is {there_is}"


def parse_prefer(header: str) -> dict[str, str]:
    """Read the request header `Prefer`. Of a repeated preference the first counts (RFC 7240)."""
    preferences: dict[str, str] = {}
    for preference in re.split("[,;]", header):
        name, _, value = preference.partition("=")
        preferences.setdefault(name.strip().lower(), value.strip().strip('"'))
    return preferences


def preferred_example(preferences: Mapping[str, str]) -> Pick | None:
    """Return what `code=429, example=rate_limit` asks for, as Prism reads it; None for nothing.

    Raises:
        ValueError: The code is not a status.
    """
    code, example = preferences.get("code"), preferences.get("example")
    if code is None and example is None:
        return None
    if code is not None and not re.fullmatch("[0-9]{3}", code):
        raise ValueError("the preferred code must be a status of three digits")
    return Pick(int(code) if code is not None else None, example)


@cache
def documented_examples(contract: Contract) -> tuple[Example, ...]:
    """Collect the examples of all responses of all operations."""
    return tuple(
        example
        for path, item in (contract.spec / "paths").str_items()
        for method in _METHODS
        if method in item
        for status, response in (item / method / "responses").str_items()
        for example in _examples_of(method, path, status, response)
    )


def _examples_of(method: str, path: str, status: str, response: Any) -> Iterator[Example]:
    for content_type, media_type in _items(response, "content"):
        for name, example in _items(media_type, "examples"):
            value = (example / "value").read_value()
            code = int(example.get("x-status", status))
            headers = _headers_of(response, code, value)
            yield Example(method.upper(), path, code, name, content_type, value, headers)


def _items(node: Any, key: str) -> Iterable[tuple[str, Any]]:
    """Return what is under a key that a response may lack."""
    items: Iterable[tuple[str, Any]] = (node / key).str_items() if key in node else ()
    return items


def _headers_of(response: Any, status: int, value: Any) -> dict[str, str]:
    """Return the documented headers with their example values, if they agree with the body."""
    headers = {
        name: str((header / "example").read_value())
        for name, header in _items(response, "headers")
        if name != "CF-Ray" and "example" in header
    }
    window_is_used_up = "resetAt" in value
    if window_is_used_up:
        headers["X-RateLimit-Remaining"] = "0"
    elif status != 503:
        headers.pop("Retry-After", None)
    return headers
