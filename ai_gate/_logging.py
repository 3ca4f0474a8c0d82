"""The `ai_gate` logger.

The SDK logs each request at DEBUG and what needs a look at WARNING. It prints nothing by itself:
a client with `debug=True` turns DEBUG on and, in an app that has configured no logging, prints its
own lines to stderr.
"""

import logging
import sys

from ai_gate._redaction import MaskedURLs

logger = logging.getLogger("ai_gate")


class StderrHandler(logging.Handler):
    """Prints the lines of clients with `debug=True` while the app has configured no logging."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one line."""
        if getattr(record, "ai_gate_debug", False) and not _app_configured_logging():
            print(self.format(record), file=sys.stderr)  # noqa: T201


def log(level: int, debug: bool, message: str, *arguments: object) -> None:
    """Log a line of a client; `debug` says whether the client was made with `debug=True`."""
    logger.log(level, message, *arguments, extra={"ai_gate_debug": debug})


def _app_configured_logging() -> bool:
    ours = (logging.NullHandler, StderrHandler)
    handlers = [*logger.handlers, *logging.getLogger().handlers]
    return any(not isinstance(handler, ours) for handler in handlers)


def prepare() -> None:
    """Keep the SDK silent by default, and project IDs out of httpx's log lines."""
    logger.addHandler(logging.NullHandler())
    logging.getLogger("httpx").addFilter(MaskedURLs())


def enable_debug() -> None:
    """Let DEBUG lines through."""
    logger.setLevel(logging.DEBUG)
    if not any(isinstance(handler, StderrHandler) for handler in logger.handlers):
        handler = StderrHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)


prepare()
