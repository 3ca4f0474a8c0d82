"""What the mock gate tells a test: the requests it received and what was wrong with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it arrived at the mock gate.

    `repr` shows the method and the path alone, since the rest may carry project IDs.

    Attributes:
        method: The HTTP method, for example `POST`.
        path: The path without the query, for example `/session`.
        query: The query parameters, each with the list of its values.
        headers: The headers by lower-case name; repeated ones are joined with a comma.
        body: The body's bytes, empty where there was none.

    Example:
        >>> ReceivedRequest("POST", "/session", {}, {}, b'{"voice": "nova"}').json()
        {'voice': 'nova'}
    """

    method: str
    path: str
    query: Mapping[str, list[str]] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Read the body as JSON.

        Returns:
            The value that the body holds.

        Raises:
            ValueError: The body is no JSON.
        """
        return json.loads(self.body)


@dataclass(frozen=True)
class Violation:
    """A request, or an answer of the mock gate itself, that departs from `openapi.yaml`.

    Attributes:
        kind: `request` for a bad request, `answer` for a bug of the mock gate.
        method: The HTTP method, empty where it could not be read.
        path: The path without the query, empty where it could not be read.
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
    """The mock gate gave an answer that `openapi.yaml` doesn't allow: a bug of the mock gate.

    Raised by `MockGate.close()`, and so at the end of a `with` block, to fail the test. Raised by
    `MockGate(realtime=True)` too, where aiortc isn't installed.
    """
