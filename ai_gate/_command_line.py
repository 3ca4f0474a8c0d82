"""A command line that complains in one line, and shows nothing of the values that were typed."""

import argparse
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NoReturn

WORD = r"(?<![\w-]){}(?![\w-])"
CHOICES = " (choose from "
"""What argparse says before the values that there are."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints name options alone: anything else can be an ID or a secret."""

    _typed: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, *more: Any, **options: Any) -> Any:
        """Keep what was typed, and parse it."""
        self._typed = args or ()
        return super().parse_known_args(args, *more, **options)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and where it is told how it would be right."""
        shown, *choices = message.partition(CHOICES)
        # The longest first, so that no half of one is left.
        typed = self._typed or sys.argv[1:]
        for value in sorted(filter(None, map(_value, typed)), key=len, reverse=True):
            for form in (value, repr(value)[1:-1]):
                shown = re.sub(WORD.format(re.escape(form)), "***", shown)
        # Before Python 3.12, argparse fails where stderr does.
        with suppress(OSError):
            sys.stderr.write(f"{self.prog}: {shown}{''.join(choices)} (see {self.prog} --help)\n")
        sys.exit(2)


def _value(typed: str) -> str:
    """Return what isn't an option's name in an argument."""
    name, _, value = typed.partition("=")
    return value if re.fullmatch("--?[a-z-]+", name) else typed
