"""A call of the gate without I/O: sync and async clients carry out what it orders."""

import logging
import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, TypeAlias

from ai_gate._call import response
from ai_gate._call.exchange import Deadline, Exchange, Look, Order
from ai_gate._call.operations import Operation
from ai_gate._call.rate_limit import RateLimit
from ai_gate._call.retry import may_repeat, wait_before
from ai_gate._config import Config
from ai_gate._lazy import LazyModule
from ai_gate._logging import is_wanted, log
from ai_gate._redaction import printable

if TYPE_CHECKING:
    from ai_gate._call import turn
    from ai_gate._call.desk import Desk
else:
    # Most users of the SDK have no limiter.
    turn = LazyModule("ai_gate._call.turn")

Call: TypeAlias = Generator[Order | Look, Any, dict[str, Any]]
"""Yields what to do, receives what came of it, and returns the JSON object that came."""
Report: TypeAlias = Callable[[RateLimit], None]


def call(operation: Operation, config: Config, report: Report, desk: "Desk | None" = None) -> Call:
    """Send a request, again if that is certain to do no harm, and read the response.

    Args:
        operation: What to send.
        config: The client's settings.
        report: Takes the rate limit that a response reports.
        desk: Where a turn is asked for before each attempt, if there is a limiter.

    Raises:
        AIGateError: There was no success within the client's timeout.
    """
    exchange = yield from _exchange_with_retries(operation, config, report, desk)
    value = response.read(exchange, operation, config)
    if missing := sorted(operation.required - value.keys()):
        names = ", ".join(missing)
        log(logging.WARNING, config.debug, "the response to %s lacks %s", operation.path, names)
    return value


def _exchange_with_retries(
    operation: Operation, config: Config, report: Report, desk: "Desk | None"
) -> Generator[Order | Look, Any, Exchange]:
    url = config.url(operation.path)
    deadline = Deadline(config.timeout)
    number, delay = 0, 0.0
    before: Exchange | None = None
    while True:
        number += 1
        may_be_repeated = operation.idempotent and number <= config.max_retries
        is_after_a_loss = before is not None and before.status is None
        request = {**operation.request, "url": url}
        order = Order(request, deadline, delay, may_be_repeated, is_after_a_loss)
        attempt = _attempt(order, operation, config, report, number)
        if desk is not None:
            attempt = turn.Turn(desk, operation, config, order).exchange(attempt)
        exchange = yield from attempt
        if exchange.is_of_limiter:
            # What came of an attempt that was made says more.
            return before or exchange
        if number > config.max_retries or not may_repeat(exchange, operation.idempotent):
            return exchange
        wait = wait_before(number, response.retry_after(exchange), deadline.left())
        if wait is None:
            return exchange
        delay, before = wait, exchange


def _attempt(
    order: Order, operation: Operation, config: Config, report: Report, number: int
) -> Generator[Order | Look, Any, Exchange]:
    started = time.monotonic() + order.delay
    exchange: Exchange = yield order
    _log_attempt(operation, config, exchange, number, time.monotonic() - started)
    if reported := RateLimit.from_headers(exchange.headers):
        report(reported)
    return exchange


def _log_attempt(
    operation: Operation, config: Config, exchange: Exchange, number: int, seconds: float
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
        number,
        printable(exchange.headers.get("cf-ray", "None")),
    )
