"""MockGate, the mock gate as tests use it."""

import json
import ssl
import warnings
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import ExitStack
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import ai_gate.testing
from ai_gate.testing._access import CONTROL, HERE, LOOPBACK, Access, is_loopback
from ai_gate.testing._contract import load_contract
from ai_gate.testing._control import Control
from ai_gate.testing._examples import Pick
from ai_gate.testing._limits import WINDOW_SECONDS, Plan, Refusal, check_whole
from ai_gate.testing._operations import Operations
from ai_gate.testing._overrides import Override
from ai_gate.testing._proxies import past_proxies
from ai_gate.testing._request import ReceivedRequest
from ai_gate.testing._response import Response
from ai_gate.testing._router import Router
from ai_gate.testing._server import Server
from ai_gate.testing._sessions import IceServers
from ai_gate.testing._state import State
from ai_gate.testing._violations import MockGateError, Violation

if TYPE_CHECKING:
    from ai_gate.testing._openai.realtime import Realtime


class MockGate:
    """A stateful HTTP server that plays AI Gate, on 127.0.0.1 unless told otherwise.

    It starts with `start()` or a `with` block and ends with `close()` or the end of the block. A
    gate that was closed can be started again, on the same port and with the same state.

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
    `localhost`, `host`, or a name of `allow_host`; for a gate that listens on other addresses than
    loopback's, a name without a dot will do too, as one of compose's services has it.

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
            single string, or an ICE server has no `urls`.
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
        self._realtime = _new_realtime(self._state.now) if realtime else None
        servers = () if realtime and ice_servers is None else ice_servers
        operations = Operations(
            contract,
            self._state,
            ice_servers=None if servers is None else IceServers(servers),
            on_session=self._realtime.client_secrets.add if self._realtime else None,
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
        return None if self._realtime is None else self._realtime.respond(request)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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
                undo.enter_context(past_proxies(HERE.get(self._host, self._host)))
                self._server = self._serve(undo)
                self._port = self._server.server_port
                self._undo = undo.pop_all()
        return self

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
        host = HERE.get(self._host, self._host)
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

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
        return self._require_realtime().voice

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

    def respond_next(self, status: int, example: str | None = None) -> None:
        """Give a documented response of `openapi.yaml` to a coming request.

        It goes to the next valid request of an operation that documents such a response, and then
        is used up. Several calls queue up. The response leaves the gate's state as it is. The
        request header `Prefer: code=429, example=rate_limit` does the same for its own request.

        Args:
            status: The status, for example 429.
            example: The name of the example. Default None: the operation's first of that status.

        Raises:
            ValueError: There is no such example; the message lists those there are.

        Example:
            >>> import httpx
            >>> with MockGate() as gate:
            ...     gate.respond_next(522)
            ...     httpx.get(f"{gate.url}/health").status_code
            522
        """
        self._router.respond_next(Pick(status, example))

    def fail_next(
        self, fault: str, *, operation: str | None = None, seconds: float | None = None
    ) -> None:
        """Let the next valid request fail. Several calls queue up.

        Documented errors go by the names of the examples in `openapi.yaml`: `quota_exceeded`,
        `rate_limit`, `concurrent_limit`, `unknown_project`, `internal_error`, `cloudflare_522` and
        so on. They leave the gate's state as it is, like these:

        - `stall`: no response; `reset`: a TCP reset in its place
        - `cloudflare_521` and others from 520 to 527 and 530: Cloudflare's page
        - `html`: 200 with a page, as of a hotel's network; `redirect`: 302

        With the others the request is carried out, and only its response suffers:

        - `latency` (by 1 s) and `drip` (a byte each 0.04 s): late, or slowly
        - `stall_in_body`, `reset_in_body`, `truncate`: half of the body, then silence, a reset, the
          end; `reset_after`: all of it, then a reset
        - `malformed` (half of the JSON, as a whole body), `empty`, `huge` (9 MiB), `wrong_length`
          (the head says half of what comes)

        The request header `Prefer: fault=stall` does the same for its own request, and
        `Prefer: fault=latency, wait=3` says the seconds.

        Args:
            fault: The name.
            operation: `create_session`, `get_turn_credentials` or `get_health`. Default None: any.
            seconds: For `latency` the delay, for `drip` the time between two bytes; up to 3600.

        Raises:
            ValueError: There is no such fault or operation; the message lists those there are. Or
                `seconds` is out of range, or for another fault.

        Example:
            >>> import httpx
            >>> with MockGate() as gate:
            ...     gate.fail_next("internal_error")
            ...     httpx.get(f"{gate.url}/turn-credentials?identifier=p").json()["error"]
            'internal_error'
        """
        self.fail(fault, times=1, operation=operation, seconds=seconds)

    def fail(
        self,
        fault: str,
        *,
        times: int | None = None,
        probability: float = 1.0,
        operation: str | None = None,
        seconds: float | None = None,
    ) -> None:
        """Let requests fail until `recover`, so many times, or some of them.

        What `fail_next` and `respond_next` queue goes first, then what was said last.

        Args:
            fault: The name; see `fail_next`.
            times: How often. Default None: until `recover` or `reset`.
            probability: The share of the requests that fail, above 0. Default 1.0: all. Which ones
                they are is the same in each run.
            operation: `create_session`, `get_turn_credentials` or `get_health`. Default None: any.
            seconds: For `latency` the delay, for `drip` the time between two bytes; up to 3600.

        Raises:
            ValueError: There is no such fault or operation, which the message lists, a number is
                out of range, or `seconds` is for another fault.

        Example:
            >>> gate = MockGate()
            >>> gate.fail("reset", probability=0.1, operation="get_turn_credentials")
        """
        self._router.fail(
            fault, times=times, probability=probability, operation=operation, seconds=seconds
        )

    def recover(self) -> None:
        """End every fault, and take back what `answer_with` said.

        The rest stays as it is, a limit that `exhaust` used up too.

        Example:
            >>> gate = MockGate()
            >>> gate.outage()
            >>> gate.recover()
        """
        self._state.recover()

    def outage(self, seconds: float | None = None, fault: str = "cloudflare_522") -> None:
        """Let every request fail for a time.

        Args:
            seconds: How long, by the gate's clock, which `advance` puts forward. Default None:
                until `recover`.
            fault: What comes instead; see `fail_next`. Default: Cloudflare's 522.

        Raises:
            ValueError: There is no such fault, or `seconds` is out of range.

        Example:
            >>> import httpx
            >>> with MockGate() as gate:
            ...     gate.outage(30)
            ...     down = httpx.get(f"{gate.url}/health").status_code
            ...     gate.advance(30)
            ...     down, httpx.get(f"{gate.url}/health").status_code
            (522, 200)
        """
        self._router.fail(fault, times=None, duration=seconds)

    def slow(self, seconds: float) -> None:
        """Let every response come late, until `recover`.

        Args:
            seconds: By how much, in seconds, up to 3600.

        Raises:
            ValueError: `seconds` is out of range.

        Example:
            >>> MockGate().slow(0.5)
        """
        self.fail("latency", seconds=seconds)

    def exhaust(self, limit: str, project: str | None = None) -> None:
        """Use up a limit: the gate refuses with the project's numbers until there is room again.

        That is when the window, the month or the sessions' hour is over, see `advance`, or with
        `reset`. `recover` leaves it.

        Args:
            limit: `requests`, `concurrent` or `quota`.
            project: The project's ID. Default None: every project, new ones too.

        Raises:
            ValueError: There is no such limit or project, or its plan doesn't have it.

        Example:
            >>> import httpx
            >>> with MockGate() as gate:
            ...     gate.exhaust("quota")
            ...     httpx.post(f"{gate.url}/session", json={"project_id": "p"}).status_code
            402
        """
        names = [refusal.value for refusal in Refusal]
        if limit not in names:
            raise ValueError(f"there is no limit {limit!r}; there is {', '.join(names)}")
        self._state.exhaust(Refusal(limit), project)

    def answer_with(
        self,
        fields: Mapping[str, Any] | None = None,
        /,
        *,
        operation: str = "create_session",
        validate: bool = True,
        **more: Any,
    ) -> None:
        """Have fields of the coming successes say something else, until `recover`.

        A success that has no place for one, since the client asked for null there, goes without.

        Args:
            fields: The values by name, new ones too, or by path:
                `{"turn_credentials.iceServers.0.urls": "..."}`.
            operation: Whose responses they are. Default `create_session`.
            validate: Whether `openapi.yaml` must allow the values. Default True. A client should
                survive what it doesn't: `answer_with(client_secret=None, validate=False)`.
            more: Further fields by name.

        Raises:
            ValueError: There is no such operation, no such place in what this gate responds, or the
                spec doesn't allow the value.

        Example:
            >>> import httpx
            >>> with MockGate() as gate:
            ...     gate.answer_with({"metadata.turn_server": "cloudflare"}, model="gpt-next")
            ...     session = httpx.post(f"{gate.url}/session", json={"project_id": "p"}).json()
            >>> session["model"], session["metadata"]["turn_server"]
            ('gpt-next', 'cloudflare')
        """
        self._router.override(operation, Override({**(fields or {}), **more}, validate))

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
    return dict(projects) if isinstance(projects, Mapping) else dict.fromkeys(projects, plan)


def _new_realtime(now: Callable[[], float]) -> "Realtime":
    """Import OpenAI's side, and aiortc with it, only for the gates that play it."""
    try:
        module = import_module("ai_gate.testing._openai.realtime")
    except ImportError as error:
        install = 'pip install "ai-gate[testing,webrtc]"'
        raise MockGateError(f"MockGate(realtime=True) needs aiortc: {install}") from error
    realtime: Realtime = module.Realtime(now)
    return realtime
