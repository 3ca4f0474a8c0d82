"""What a signal handler raises: an app's exception, wherever the signal comes."""

import inspect
from itertools import pairwise
from types import FrameType


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


def _is_handler(frame: FrameType) -> bool:
    names, rest, _, values = inspect.getargvalues(frame)
    given = [*(values.get(name) for name in names), *(values.get(rest, ()) if rest else ())]
    return any(
        isinstance(number, int) and isinstance(interrupted, FrameType)
        for number, interrupted in pairwise(given)
    )
