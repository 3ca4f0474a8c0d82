"""What a time limit of the app's raises: a signal handler's exception, or a timeout."""

import inspect
from itertools import pairwise
from types import FrameType

TIMER_ERROR = 0.1
"""How much too early a timer can end, gevent's for one, in seconds."""

SOCKETS_OWN = "timed out"
"""The text of a socket's own timeout."""


def is_of_a_handler(failure: BaseException) -> bool:
    """Return True if a signal handler raised an exception.

    A task's time limit can be an OSError, as TimeoutError is. A handler is known by what Python
    calls it with: the signal's number and the frame that it interrupts.
    """
    traceback = failure.__traceback__
    while traceback is not None:
        if _is_handler(traceback.tb_frame):
            return True
        traceback = traceback.tb_next
    return False


def is_of_the_app(failure: BaseException) -> bool:
    """Return True if the app raised an exception, by a signal handler or another's time limit.

    The system's errors have a number.
    """
    return (isinstance(failure, OSError) and failure.errno is None) or is_of_a_handler(failure)


def raised_by_a_handler(failure: BaseException) -> BaseException | None:
    """Return the exception of a signal handler that another one was raised for, or is."""
    cause: BaseException | None = failure
    while cause is not None and not is_of_a_handler(cause):
        cause = cause.__cause__ or cause.__context__
    return cause


def _is_handler(frame: FrameType) -> bool:
    names, rest, _, values = inspect.getargvalues(frame)
    given = [*(values.get(name) for name in names), *(values.get(rest, ()) if rest else ())]
    return any(
        isinstance(number, int) and isinstance(interrupted, FrameType)
        for number, interrupted in pairwise(given)
    )


def is_too_early(failure: BaseException, left: float) -> bool:
    """Return True if a timeout came while there was time left, so that it is a limit of the app's.

    The kernel's, which it reports for a connection that is lost, have a number.

    Args:
        failure: What was raised.
        left: The seconds that were left.
    """
    if type(failure) is TimeoutError and str(failure) == SOCKETS_OWN:
        # A test can have stopped the clock.
        return False
    return isinstance(failure, TimeoutError) and failure.errno is None and left > TIMER_ERROR
