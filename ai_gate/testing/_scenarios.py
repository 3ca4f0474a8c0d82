"""What a test can have a mock gate do: faults, outages, limits that are used up, other fields."""

from collections.abc import Mapping
from typing import Any

from ai_gate.testing._examples import Pick
from ai_gate.testing._limits import Refusal
from ai_gate.testing._overrides import Override
from ai_gate.testing._router import Router
from ai_gate.testing._state import State


class Scenarios:
    """The part of `MockGate` that decides what goes wrong."""

    _router: Router
    _state: State

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
            validate: Whether `openapi.yaml` must allow the values, so that a wrong one is an error
                of the test. Default True. None stands for null and needs no leave, because nobody
                writes it by mistake: a client should survive `answer_with(client_secret=None)`.
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
        values = {**(fields or {}), **more}.items()
        overrides = [Override(path, it, validate and it is not None) for path, it in values]
        self._router.override(operation, overrides)
