"""What is printed: secrets masked, and words alone, so that a screen reader can follow.

Colours and progress are for a terminal. A pipe, NO_COLOR and a dumb terminal get plain lines.
"""

import asyncio
import json
import os
import shutil
import sys
import textwrap
from argparse import Namespace
from collections.abc import Awaitable
from contextlib import suppress
from itertools import count
from typing import TypeVar

from ai_gate._redaction import masked, printable, printable_lines

T = TypeVar("T")

LONGEST = 4_000
COLORS = {"ok": 32, "warning": 33, "failed": 31}


class Console:
    """Standard output and error, as the options want them."""

    def __init__(self, options: Namespace) -> None:
        self.unfinished = ""
        """What is to be said if the command is interrupted now."""
        self.is_terminal = sys.stdout.isatty()
        """Whether a person reads the output."""
        self._shows_secrets: bool = options.show_secrets
        self._secrets: set[str] = set()
        self._is_waiting = self._is_in_progress = False
        is_dumb = os.environ.get("TERM") == "dumb" or bool(os.environ.get("NO_COLOR"))
        self._is_plain = options.no_color or is_dumb

    def hide(self, *secrets: object) -> None:
        """Mask these in everything that is printed from now on."""
        self._secrets.update(one for one in secrets if isinstance(one, str) and one)

    def shown(self, text: str) -> str:
        """Return a text on one line, with everything secret in it masked."""
        return printable(self._masked(text), LONGEST)

    def transcript(self, text: str) -> None:
        """Print a part of what somebody says, in its own lines."""
        self.write(printable_lines(self._masked(text)))

    def write(self, text: str) -> None:
        """Print a part of a line, or a line."""
        self._clear()
        sys.stdout.write(text)
        sys.stdout.flush()

    def error(self, text: str) -> None:
        """Print a line to standard error, if anybody can read it."""
        with suppress(OSError):
            sys.stderr.write(f"ai-gate: {self.shown(text)}\n")

    def _clear(self) -> None:
        if self._is_in_progress:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._is_in_progress = False

    def json(self, value: object) -> None:
        """Print a value as JSON, each string in it masked by itself so that it stays JSON."""
        self.write(json.dumps(self._masked(value), indent=2) + "\n")

    def _masked(self, value: T) -> T:
        return value if self._shows_secrets else masked(value, *self._secrets)

    def row(self, name: str, text: str, *, status: str = "", seconds: float | None = None) -> None:
        """Print what there is to say of something in columns, and on a terminal wrapped."""
        head = (f"{status:<9}" if status else "") + (f"{name:<18}" if name else "")
        took = "" if seconds is None else f" ({seconds * 1000:.0f} ms)"
        shown = f"{self.shown(text.strip())}{took}"
        width = min(_columns(), 120) if self.is_terminal else 10**9
        shown = textwrap.fill(
            head + shown,
            width,
            # On a narrow terminal a column of its own would be too narrow for most words.
            subsequent_indent=" " * (len(head) if width >= len(head) + 20 else 2),
            break_on_hyphens=False,
            break_long_words=False,
        )
        if self.is_terminal and not self._is_plain and status in COLORS:
            shown = f"\x1b[{COLORS[status]}m{status}\x1b[0m{shown.removeprefix(status)}"
        self.write(f"{shown.rstrip()}\n")

    async def waiting(self, what: str, work: Awaitable[T]) -> T:
        """Await something, and on a terminal say meanwhile what, and for how long."""
        if self._is_plain or self._is_waiting or not sys.stderr.isatty():
            return await work
        self._is_waiting = True
        progress = asyncio.create_task(self._progress(what))
        try:
            return await work
        finally:
            self._is_waiting = False
            progress.cancel()
            self._clear()

    async def _progress(self, what: str) -> None:
        # What is done at once needn't be announced, and a line that changes often is read often.
        await asyncio.sleep(0.3)
        for seconds in count():
            # What is wrapped can't be cleared.
            sys.stderr.write(f"\r{f'{what}, {seconds} s ...'[:_columns()]}")
            sys.stderr.flush()
            self._is_in_progress = True
            await asyncio.sleep(1)


def _columns() -> int:
    """Return how many columns of the terminal can be written to without beginning a line."""
    return max(shutil.get_terminal_size().columns - 1, 10)
