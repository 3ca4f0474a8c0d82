"""MockGate, the mock gate as tests use it."""

import json
import ssl
import warnings
from collections.abc import Collection, Iterable, Mapping
from contextlib import ExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

import ai_gate.testing
from ai_gate.testing._access import CONTROL, HERE, LOOPBACK, Access, is_loopback
from ai_gate.testing._contract import load_contract
from ai_gate.testing._control import Control
from ai_gate.testing._limits import WINDOW_SECONDS, Plan, check_whole
from ai_gate.testing._operations import Operations
from ai_gate.testing._proxies import past_proxies
from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._response import Response
from ai_gate.testing._router import Router
from ai_gate.testing._scenarios import Scenarios
from ai_gate.testing._server import Server
from ai_gate.testing._sessions import checked_servers
from ai_gate.testing._state import State
from ai_gate.testing._violations import MockGateError, Violation

if TYPE_CHECKING:
    from ai_gate.testing._openai.realtime import Realtime


class MockGate(Scenarios):
    """A stateful HTTP server that plays AI Gate, on 127.0.0.1 unless told otherwise.

    It starts with `start()` or a `with` block and ends with `close()` or the end of the block. A
    gate that was closed can be started again, on the same port and with the same state.

    While it runs, its host is in `NO_PROXY` of the environment: no proxy comes between.

    Every request is validated against `openapi.yaml`: a bad one gets the documented 400 and is
    kept in `violations`. So is every response: a bad one is a bug of the mock gate, and `close()`
    raises `MockGateError` for it.

    A project may send 100 requests in a window of 15 minutes that starts with its first one, make
    100 sessions in a calendar month (UTC), and have 5 sessions alive. A session lives for one
    hour: the mock gate sees no activity that would prolong it. Refusals come in this order: a bad
    request 400, an unknown project 401, requests 429, quota 402, live sessions 429. A refused call
    counts as a request but not as a session; 400 and 401 count for nothing.

    With `realtime=True` it plays OpenAI's side of a call too: it takes a session's SDP offer under
    `realtime_url`, receives and sends audio; see `voice`. That needs aiortc:
    `pip install "ai-gate[testing,webrtc]"`.

    Pages on loopback may use it, and those that `allow_origin` names. A page elsewhere can't, even
    if its name is made to lead to this machine: the header `Host` must hold an IP address,
    `localhost` or a name under it or under `.test`, `host`, or a name of `allow_host`; for a gate
    that listens on other addresses than loopback's, a name without a dot will do too, as one of
    compose's services has it.

    Args:
        host: The address to listen on. Default `127.0.0.1`. With any other than loopback's,
            everybody who can reach this machine can use the gate: there is a warning.
        port: The port to listen on. Default 0: a free one.
        allow_host: Further names under which it is reached. Default: none. With `ssl_context` any
            will do that the certificate has.
        allow_origin: Origins whose pages may use it, `https://app.example` for one, besides those
            on loopback. Default: none.
        requests: Requests of a project in a window, or None for no limit. Default 100.
        concurrent: Live sessions of a project, or None for no limit. Default 5.
        quota: Sessions of a project in a calendar month, or None for no limit. Default 100.
        projects: The IDs of the projects that exist, or each ID with a `Plan` in place of the three
            limits; others get a 401. Default None: any project.
        ssl_context: For a gate that speaks https: its side of TLS. Default None: http.
        realtime: Whether the gate plays OpenAI's side of a call too. Default False.
        ice_servers: The ICE servers of sessions and TURN credentials, handed out as they are.
            Default None: those of the spec's example, or with `realtime` none at all, since a call
            on one host needs none.
        window: The length of a window in seconds, up to a year. Default 900.

    Raises:
        ValueError: A number is out of range, a name of `allow_host` has a scheme, port or path, or
            an origin isn't `scheme://host[:port]`.
        TypeError: A limit or the port isn't a whole number, `projects` or a list of names is a
            single string, a project has no `Plan`, or an ICE server has no `urls`.
        MockGateError: `realtime` is True, but aiortc isn't installed.

    Example:
        >>> import httpx
        >>> with MockGate(concurrent=1) as gate:
        ...     first = httpx.post(f"{gate.url}/session", json={"project_id": "proj_demo"})
        ...     second = httpx.post(f"{gate.url}/session", json={"project_id": "proj_demo"})
        >>> first.json()["voice"], second.json()["error"]
        ('echo', 'concurrent_limit_exceeded')
    """

    def __init__(
        self,
        *,
        host: str = LOOPBACK,
        port: int = 0,
        allow_host: Collection[str] = (),
        allow_origin: Collection[str] = (),
        requests: int | None = 100,
        concurrent: int | None = 5,
        quota: int | None = 100,
        projects: Collection[str] | Mapping[str, Plan] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        realtime: bool = False,
        ice_servers: Iterable[Mapping[str, Any]] | None = None,
        window: float = WINDOW_SECONDS,
    ) -> None:
        check_whole(port=port)
        if not 0 <= port < 2**16:
            raise ValueError(f"port must be from 0 to 65535, got {port}")
        names = {"projects": projects, "allow_host": allow_host, "allow_origin": allow_origin}
        for name, value in names.items():
            if isinstance(value, str):
                raise TypeError(f"{name} must be a collection, not a single string")
        contract = load_contract()
        plan = Plan(requests=requests, concurrent=concurrent, quota=quota, window=window)
        self._state = State(plan, _plans(projects, plan))
        self._realtime = _new_realtime(self._state) if realtime else None
        servers = () if realtime and ice_servers is None else ice_servers
        operations = Operations(
            contract,
            self._state,
            None if servers is None else checked_servers(servers),
        )
        self._router = Router(
            contract,
            operations,
            self._state,
            self._log,
            other_paths=self._respond_beside,
            access=Access(host, allow_host, allow_origin, checks_host=ssl_context is None),
        )
        self._control = Control(self._state, self._router, self.advance, self.reset)
        self._ssl_context = ssl_context
        self._host = host
        self._reached_at = HERE.get(host, host)
        self._port = port
        self._server: Server | None = None
        self._lent: Server | None = None
        self._undo = ExitStack()

    def __repr__(self) -> str:
        return f"<MockGate on port {self._port}>"

    def _log(self, method: str, path: str, status: int) -> None:
        """Do nothing with a response; the command prints a line for it."""

    def _warn(self, message: str) -> None:
        warnings.warn(message, stacklevel=4)

    def _respond_beside(self, request: ReceivedRequest) -> Response | None:
        if request.path.startswith(CONTROL):
            return self._control.respond(request)
        return None if self._realtime is None else self._realtime.endpoints.respond(request)

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Self:
        """Start to listen. Nothing happens if the gate runs already.

        Returns:
            The gate itself.

        Warns:
            UserWarning: Others than this machine can reach it.

        Raises:
            OSError: The port is taken, or there are too few descriptors. Nothing is left open.

        Example:
            >>> gate = MockGate().start()
            >>> gate.close()
        """
        if self._server is None:
            with ExitStack() as undo:
                if self._realtime is not None:
                    undo.callback(self._realtime.stop)
                    self._realtime.start()
                undo.enter_context(past_proxies(self._reached_at))
                self._server = self._serve(undo)
                self._port = self._server.server_port
                self._undo = undo.pop_all()
        return self

    # The same, not a caller of it: a warning names the line that starts the gate.
    __enter__ = start

    def _serve(self, undo: ExitStack) -> Server:
        if self._lent is not None:
            undo.callback(self._lent.hand_over, None)
            self._lent.hand_over(self._router)
            return self._lent
        if not is_loopback(self._host):
            self._warn(f"The mock gate is open to everybody who can reach {self._host}")
        server = Server(self._host, self._port, self._router, self._ssl_context)
        undo.callback(server.stop)
        server.start()
        return server

    def close(self) -> None:
        """Stop listening and close every connection. Nothing happens if the gate doesn't run.

        Calls are hung up. It takes a few seconds at most.

        Raises:
            MockGateError: The gate gave a response that `openapi.yaml` doesn't allow.

        Example:
            >>> gate = MockGate().start()
            >>> gate.close()
        """
        if self._server is None:
            return
        self._server = None
        self._undo.close()
        bugs = [str(bug) for bug in self.violations if bug.kind == "answer"]
        if bugs:
            raise MockGateError("\n".join(["The mock gate broke openapi.yaml:", *bugs]))

    @property
    def port(self) -> int:
        """The port that the gate listens on, or listened on before it was closed.

        Raises:
            RuntimeError: The gate was never started and has no fixed port.

        Example:
            >>> with MockGate() as gate:
            ...     gate.port > 0
            True
        """
        if self._port == 0:
            raise RuntimeError("The mock gate has no port before it is started")
        return self._port

    @property
    def url(self) -> str:
        """The gate's base URL for a client on this machine, without a slash at the end.

        Raises:
            RuntimeError: The gate was never started and has no fixed port.

        Example:
            >>> MockGate(port=8787).url
            'http://127.0.0.1:8787'
        """
        scheme = "http" if self._ssl_context is None else "https"
        host = f"[{self._reached_at}]" if ":" in self._reached_at else self._reached_at
        return f"{scheme}://{host}:{self.port}"

    @property
    def realtime_url(self) -> str:
        """The URL that accepts SDP offers, in place of `https://api.openai.com/v1/realtime`.

        Raises:
            RuntimeError: The gate was made without `realtime=True`, or it was never started and has
                no fixed port.

        Example:
            >>> MockGate(port=8787, realtime=True).realtime_url
            'http://127.0.0.1:8787/v1/realtime'
        """
        self._require_realtime()
        return f"{self.url}/v1/realtime"

    @property
    def voice(self) -> "ai_gate.testing.MockVoice":
        """OpenAI's side: the calls, and the ways to make them fail.

        Raises:
            RuntimeError: The gate was made without `realtime=True`.

        Example:
            >>> with MockGate(realtime=True) as gate:
            ...     gate.voice.calls
            []
        """
        return ai_gate.testing.MockVoice(self._require_realtime())

    def _require_realtime(self) -> "Realtime":
        if self._realtime is None:
            raise RuntimeError("The mock gate has no voice: it takes MockGate(realtime=True)")
        return self._realtime

    @property
    def received(self) -> list[ReceivedRequest]:
        """The requests that arrived, in order: the newest 1,000, up to 64 MiB. A copy.

        Example:
            >>> import httpx
            >>> with MockGate() as gate:
            ...     _ = httpx.get(f"{gate.url}/turn-credentials?identifier=proj_demo")
            >>> gate.received[0].query["identifier"]
            ['proj_demo']
        """
        return self._state.received.all()

    @property
    def violations(self) -> list[Violation]:
        """What departed from `openapi.yaml`, in order: requests and, as bugs, responses.

        The newest 1,000. A copy.

        Example:
            >>> import httpx
            >>> with MockGate() as gate:
            ...     _ = httpx.get(f"{gate.url}/turn-credentials?identifier=")
            >>> gate.violations[0].message
            'identifier must not be empty'
        """
        return self._state.violations.all()

    @property
    def sessions(self) -> list[Mapping[str, Any]]:
        """The sessions that were created, in order: the newest 1,000, up to 64 MiB. Copies.

        Example:
            >>> import httpx
            >>> with MockGate() as gate:
            ...     _ = httpx.post(f"{gate.url}/session", json={"project_id": "p", "voice": "ash"})
            >>> gate.sessions[0]["voice"]
            'ash'
        """
        return [json.loads(session) for session in self._state.sessions.all()]

    def sessions_created(self, project: str | None = None) -> int:
        """Count the sessions that were created, whether or not the client got them.

        Args:
            project: The project's ID. Default None: those of all projects.

        Returns:
            The number since the start, or since the last `reset`.

        Example:
            >>> MockGate().sessions_created("proj_demo")
            0
        """
        return self._state.sessions_created(project)

    def assert_no_violations(self) -> None:
        """Fail if anything departed from `openapi.yaml`.

        Raises:
            AssertionError: Something did; it says what.

        Example:
            >>> MockGate().assert_no_violations()
        """
        found = [str(violation) for violation in self.violations]
        if found:
            raise AssertionError("\n".join(["What departed from openapi.yaml:", *found]))

    def advance(self, seconds: float) -> None:
        """Put the gate's clock forward instead of waiting. Calls whose hour is over end.

        Args:
            seconds: How far, in seconds.

        Raises:
            ValueError: `seconds` is negative, not finite, or leads past the year 9998.

        Example:
            >>> with MockGate() as gate:
            ...     gate.advance(3600)  # every session has ended
        """
        self._state.advance(seconds)
        if self._realtime is not None:
            self._realtime.expire()

    def reset(self) -> None:
        """Forget projects, requests, violations and faults, and put the clock back.

        Calls are hung up and forgotten, with the client secrets and what `voice` was told to do.

        Example:
            >>> gate = MockGate()
            >>> gate.advance(60)
            >>> gate.reset()
        """
        self._state.reset()
        if self._realtime is not None:
            self._realtime.reset()


def _plans(
    projects: Collection[str] | Mapping[str, Plan] | None, plan: Plan
) -> Mapping[str, Plan] | None:
    if projects is None:
        return None
    plans = dict(projects) if isinstance(projects, Mapping) else dict.fromkeys(projects, plan)
    if not all(isinstance(it, Plan) for it in plans.values()):
        raise TypeError("projects must be IDs, or each ID with a Plan")
    return plans


def _new_realtime(state: State) -> "Realtime":
    """Import OpenAI's side, and aiortc with it, only for the gates that play it."""
    try:
        module = import_module("ai_gate.testing._openai.realtime")
    except ImportError as error:
        install = 'pip install "ai-gate[testing,webrtc]"'
        raise MockGateError(f"MockGate(realtime=True) needs aiortc: {install}") from error
    realtime: Realtime = module.Realtime(state)
    return realtime
