"""The project's checks, each a function of the tree that it looks at, and how one ends."""

from collections.abc import Iterable


class CheckFailedError(Exception):
    """What a check found, for a person: each problem with its place and what to do."""


class CheckSkippedError(Exception):
    """Why a check can't be made here."""


def fail_on(problems: Iterable[str]) -> None:
    """Fail if there are any problems."""
    if found := list(problems):
        raise CheckFailedError("\n".join(found))
