"""Stands in for `pip install` and `poetry add`: is everything that is named there to be had?

Nothing is installed. A distribution is there if this environment has it, with the extras named.
"""

import sys
from importlib.metadata import distribution

from packaging.requirements import Requirement


def main(arguments: list[str]) -> None:
    """Look for each requirement."""
    command, *named = arguments
    assert command in ("install", "add"), command
    for text in named:
        requirement = Requirement(text)
        found = distribution(requirement.name).metadata
        assert requirement.extras <= set(found.get_all("Provides-Extra") or ()), text


if __name__ == "__main__":
    main(sys.argv[1:])
