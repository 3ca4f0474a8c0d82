"""The tools that mock httpx, each told in its own way what to answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias
from unittest.mock import AsyncMock, MagicMock, patch

import httpx
import pook
import respx
from pook.exceptions import PookNoMatches
from pytest_httpx import HTTPXMock
from respx.models import AllMockedAssertionError

Outcome: TypeAlias = tuple[int, dict[str, Any]] | Exception
"""A status and a JSON object, or what is raised."""


class Mock(ABC):
    """A tool that answers in the network's stead."""

    unexpected: type[Exception]
    """What it raises for a request that it knows no outcome for."""

    def __init__(self, method: str, url: str) -> None:
        self.method, self.url = method, url

    def options(self) -> dict[str, Any]:
        """The options of an SDK client that it mocks."""
        return {}

    @abstractmethod
    def expect(self, outcomes: Sequence[Outcome]) -> None:
        """Give each request for the URL one of these outcomes, in their order."""

    @abstractmethod
    def seen(self) -> int:
        """The number of requests that it saw."""


class PytestHTTPX(Mock):
    """pytest-httpx, which replaces `handle_request` of httpx's transports."""

    unexpected = httpx.TimeoutException

    def __init__(self, method: str, url: str, httpx_mock: HTTPXMock) -> None:
        super().__init__(method, url)
        self._mock = httpx_mock

    def expect(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                self._mock.add_exception(outcome, method=self.method, url=self.url)
            else:
                status, body = outcome
                self._mock.add_response(status, json=body, method=self.method, url=self.url)

    def seen(self) -> int:
        return len(self._mock.get_requests())


class Respx(Mock):
    """respx, which replaces what is beneath httpx's transports, or what chooses one."""

    unexpected = AllMockedAssertionError

    def __init__(self, method: str, url: str, router: respx.MockRouter) -> None:
        super().__init__(method, url)
        self._router = router

    def expect(self, outcomes: Sequence[Outcome]) -> None:
        self._router.request(self.method, self.url).side_effect = [
            outcome if isinstance(outcome, Exception) else _response(outcome)
            for outcome in outcomes
        ]

    def seen(self) -> int:
        return len(self._router.calls)


class Pook(Mock):
    """pook, which replaces what chooses a transport of an httpx client."""

    unexpected = PookNoMatches

    def __init__(self, method: str, url: str) -> None:
        super().__init__(method, url)
        self._expected: list[pook.Mock] = []

    def expect(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            mock = pook.mock(self.url, method=self.method).times(1)
            self._expected.append(mock)
            if isinstance(outcome, Exception):
                mock.error(outcome)
            else:
                status, body = outcome
                mock.reply(status).json(body)

    def seen(self) -> int:
        return sum(int(mock.calls) for mock in self._expected)


class Transport(Mock):
    """`httpx.MockTransport`, in an `http_client` of the app's."""

    unexpected = AssertionError

    def __init__(self, method: str, url: str) -> None:
        super().__init__(method, url)
        self._outcomes: list[Outcome] = []
        self._seen = 0

    def options(self) -> dict[str, Any]:
        return {"transport": httpx.MockTransport(self._answer)}

    def expect(self, outcomes: Sequence[Outcome]) -> None:
        self._outcomes += outcomes

    def seen(self) -> int:
        return self._seen

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self._seen += 1
        assert self._outcomes, "unexpected"
        assert (request.method, str(request.url)) == (self.method, self.url)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return _response(outcome)


class PatchedSend(Mock):
    """`httpx.Client.send` replaced with the standard library's mocks."""

    unexpected = AssertionError

    def __init__(self, method: str, url: str, mocks: Sequence[MagicMock]) -> None:
        super().__init__(method, url)
        self._mocks = mocks

    def expect(self, outcomes: Sequence[Outcome]) -> None:
        for mock in self._mocks:
            mock.side_effect = [
                outcome if isinstance(outcome, Exception) else _response(outcome)
                for outcome in outcomes
            ]

    def seen(self) -> int:
        return sum(mock.call_count for mock in self._mocks)


def _response(outcome: tuple[int, dict[str, Any]]) -> httpx.Response:
    status, body = outcome
    return httpx.Response(status, json=body)


TOOLS = ("pytest-httpx", "respx", "respx-httpx", "pook", "MockTransport", "patched-send")


@contextmanager
def mocked(tool: str, method: str, url: str, httpx_mock: HTTPXMock | None) -> Iterator[Mock]:
    """Switch a tool on, and off again."""
    if tool == "pytest-httpx":
        assert httpx_mock is not None
        yield PytestHTTPX(method, url, httpx_mock)
    elif tool.startswith("respx"):
        using = "httpx" if tool == "respx-httpx" else "httpcore"
        with respx.mock(using=using, assert_all_called=False) as router:
            yield Respx(method, url, router)
    elif tool == "pook":
        with pook.use():
            yield Pook(method, url)
    elif tool == "MockTransport":
        yield Transport(method, url)
    else:
        unexpected = AssertionError("unexpected")
        with (
            patch.object(httpx.Client, "send", MagicMock(side_effect=unexpected)) as send,
            patch.object(httpx.AsyncClient, "send", AsyncMock(side_effect=unexpected)) as awaited,
        ):
            yield PatchedSend(method, url, (send, awaited))
