"""A call of the gate without I/O: sync and async clients carry out what it orders."""

import logging
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias

from ai_gate._call import response
from ai_gate._call.exchange import Deadline, Exchange, Order
from ai_gate._call.operations import Operation
from ai_gate._call.rate_limit import RateLimit
from ai_gate._call.retry import may_repeat, wait_before
from ai_gate._config import Config
from ai_gate._lazy import LazyModule
from ai_gate._logging import is_wanted, log
from ai_gate._redaction import printable

if TYPE_CHECKING:
    from ai_gate._call import turn
else:
    # Most users of the SDK have no limiter.
    turn = LazyModule("ai_gate._call.turn")

Call: TypeAlias = "Generator[Order | turn.Look, Any, dict[str, Any]]"
"""Yields what to do, receives what came of it, and returns the JSON object that came."""


def call(
    operation: Operation,
    config: Config,
    report: Callable[[RateLimit], None],
    desk: "turn.Desk | None" = None,
) -> Call:
    """Send a request, again if that is certain to do no harm, and read the response.

    Args:
        operation: What to send.
        config: The client's settings.
        report: Takes the rate limit that a response reports.
        desk: Where a turn is asked for before each attempt, if there is a limiter.

    Raises:
        AIGateError: There was no success within the client's timeout.
    """
    turns: list[turn.Turn] = []
    try:
        exchange = yield from _exchange_with_retries(operation, config, report, desk, turns)
    except BaseException:
        # It was cancelled, or the app's own exception ended it.
        for own_turn in turns[-1:]:
            own_turn.give_back()
        raise
    value = response.read(exchange, operation, config)
    if missing := sorted(operation.required - value.keys()):
        names = ", ".join(missing)
        log(logging.WARNING, config.debug, "the response to %s lacks %s", operation.path, names)
    return value


def _exchange_with_retries(
    operation: Operation,
    config: Config,
    report: Callable[[RateLimit], None],
    desk: "turn.Desk | None",
    turns: "list[turn.Turn]",
) -> "Generator[Order | turn.Look, Any, Exchange]":
    url = config.url(operation.path)
    deadline = Deadline(config.timeout)
    attempt, delay, is_lost = 0, 0.0, False
    exchange: Exchange
    before: Exchange | None = None
    own_turn: turn.Turn | None = None
    while True:
        attempt += 1
        may_be_repeated = operation.idempotent and attempt <= config.max_retries
        order = Order({**operation.request, "url": url}, deadline, delay, may_be_repeated, is_lost)
        if desk is not None:
            own_turn = turn.Turn(desk, operation, config, order)
            turns.append(own_turn)
            yield from own_turn.take()
            if own_turn.refusal is not None:
                # What came of an attempt that was made says more.
                return before or own_turn.refusal
        started = time.monotonic() + order.delay
        exchange = yield order
        is_lost = exchange.status is None
        _log_attempt(operation, config, exchange, attempt, time.monotonic() - started)
        if reported := RateLimit.from_headers(exchange.headers):
            report(reported)
        if own_turn is not None:
            yield from own_turn.report(exchange)
        if attempt > config.max_retries or not may_repeat(exchange, operation.idempotent):
            return exchange
        wait = wait_before(attempt, response.retry_after(exchange), deadline.left())
        if wait is None:
            return exchange
        delay, before = wait, exchange


def _log_attempt(
    operation: Operation, config: Config, exchange: Exchange, attempt: int, seconds: float
) -> None:
    # What the line says takes longer to find out than to leave out.
    if not is_wanted(logging.DEBUG, config.debug):
        return
    log(
        logging.DEBUG,
        config.debug,
        "%s %s -> %s in %.0f ms (attempt %d, request ID %s)",
        operation.method,
        operation.path,
        exchange.status or type(exchange.failure).__name__,
        seconds * 1000,
        attempt,
        printable(exchange.headers.get("cf-ray", "None")),
    )
