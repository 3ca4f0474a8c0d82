"""What departs from `openapi.yaml`, as a test sees it, and the error that fails the test."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Violation:
    """A request, or a response of the mock gate itself, that departs from `openapi.yaml`.

    Attributes:
        kind: `request` for a bad request, `answer` for a bad response: a bug of the mock gate.
        method: The HTTP method, empty if it could not be read.
        path: The path without the query, empty if it could not be read.
        message: What is wrong, without values of the body or the query.

    Example:
        >>> Violation("request", "GET", "/turn-credentials", "identifier is missing").kind
        'request'
    """

    kind: Literal["request", "answer"]
    method: str
    path: str
    message: str


class MockGateError(Exception):
    """The mock gate gave a response that `openapi.yaml` doesn't allow: a bug of the mock gate.

    Raised by `MockGate.close()`, and so at the end of a `with` block, to fail the test. Raised by
    `MockGate(realtime=True)` too, if aiortc isn't installed.
    """
