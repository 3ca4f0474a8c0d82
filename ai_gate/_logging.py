"""The `ai_gate` logger.

The SDK logs each request at DEBUG and what needs a look at WARNING. It prints nothing by itself: a
client with `debug=True` logs its own lines whatever the logger's level is and, in an app that has
configured no logging, prints them to stderr.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ai_gate._redaction import MaskedLines
from ai_gate._signals import is_of_a_handler

logger = logging.getLogger("ai_gate")


BENEATH = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
    "hpack.hpack",
    "hpack.table",
    "aiohttp.client",
    "aiohttp.internal",
)
"""The loggers of the libraries beneath, each by itself: a filter isn't asked for those below."""


@contextmanager
def _costing_no_session() -> Iterator[None]:
    """Swallow a failure to log, but not what a signal handler raises meanwhile, as a time limit."""
    try:
        yield
    except Exception as failure:
        if is_of_a_handler(failure):
            raise


class StderrHandler(logging.Handler):
    """Prints the lines of clients with `debug=True` if the app has configured no logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        if not getattr(record, "ai_gate_debug", False) or _app_configured_logging():
            return
        # The stream can be closed, full or of another encoding.
        with _costing_no_session():
            if sys.stderr is not None:
                print(self.format(record), file=sys.stderr)  # noqa: T201


def is_wanted(level: int, debug: bool) -> bool:
    """Return True if a line of this level is logged, from a client with or without `debug=True`."""
    return (debug and logger.manager.disable < level) or logger.isEnabledFor(level)


def log(level: int, debug: bool, message: str, *arguments: object) -> None:
    """Log a line of a client.

    Args:
        level: The line's level.
        debug: Whether the client was made with `debug=True`. Its lines are logged whatever the
            logger's level is, so that the level of other clients' lines stays the app's choice.
        message: The line, with placeholders.
        arguments: What goes into the placeholders.
    """
    if not is_wanted(level, debug):
        return
    # A handler of the app's can fail.
    with _costing_no_session():
        path, line, function, _ = logger.findCaller(stacklevel=2)
        extra = {"ai_gate_debug": debug}
        logger.handle(
            logger.makeRecord(
                logger.name, level, path, line, message, arguments, None, function, extra
            )
        )


def _app_configured_logging() -> bool:
    ours = (logging.NullHandler, StderrHandler)
    handlers = [*logger.handlers, *logging.getLogger().handlers]
    return any(not isinstance(handler, ours) for handler in handlers)


def prepare() -> None:
    """Keep the SDK silent by default, and secrets out of the log lines of the libraries beneath."""
    logger.addHandler(logging.NullHandler())
    masked = MaskedLines()
    for name in BENEATH:
        logging.getLogger(name).addFilter(masked)


def enable_debug() -> None:
    """Print the lines of clients with `debug=True`, in an app that has configured no logging."""
    if not any(isinstance(handler, StderrHandler) for handler in logger.handlers):
        handler = StderrHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)


prepare()
