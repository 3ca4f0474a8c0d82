"""Keeps secrets and SDP out of the log lines of aiortc and aioice.

At DEBUG aioice logs each STUN message with the TURN username in it, and aiortc the SDP of both
sides, which has the addresses and the keys of the call.
"""

from logging import Filter, LogRecord, getLogger

from ai_gate._redaction import MASK

LOGGERS = ("aioice.ice", "aioice.turn", "aiortc.rtcpeerconnection")


class MaskedLines(Filter):
    """Masks STUN messages and SDP among the arguments of log lines."""

    def filter(self, record: LogRecord) -> bool:
        """Rewrite the record's arguments; every record passes."""
        if isinstance(record.args, tuple):
            record.args = tuple(_masked(argument) for argument in record.args)
        return True


def _masked(argument: object) -> object:
    if isinstance(argument, str) and argument.startswith("v=0"):
        return MASK
    method = getattr(argument, "message_method", None)
    if method is not None:
        return f"Message({method}, {getattr(argument, 'message_class', None)}, {MASK})"
    return argument


_FILTER = MaskedLines()


def mask_lines() -> None:
    """Mask them from now on, in the whole process. Once is enough; more does no harm."""
    for name in LOGGERS:
        getLogger(name).addFilter(_FILTER)
