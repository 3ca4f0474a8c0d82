"""The warnings of a piece of code."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Callable


def recorded(body: Callable[[], object]) -> list[str]:
    """Run it; its warnings are those of its garbage too."""
    # What was there before needn't be searched for garbage, which takes a while.
    gc.freeze()
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            body()
            gc.collect()
            messages = [str(warning.message) for warning in caught]
            # A warning keeps alive what it is about, whose parts may warn in turn.
            caught.clear()
            gc.collect()
            return [*messages, *(str(warning.message) for warning in caught)]
    finally:
        gc.unfreeze()
