"""How a check ends when it doesn't pass."""

from collections.abc import Iterable


class CheckFailedError(Exception):
    """What a check found, for a person: each problem with its place and what to do."""


class CheckSkippedError(Exception):
    """Why a check could not be made here."""


def fail_on(problems: Iterable[str]) -> None:
    """Fail with the problems, where there are any."""
    if found := list(problems):
        raise CheckFailedError("\n".join(found))
