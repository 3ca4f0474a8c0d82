"""What is printed: lines with secrets masked, colours and progress on a terminal alone.

Every word is said in words: no signs, frames or pictures, which a screen reader stumbles over.
"""

import json
import os
import shutil
import sys
import textwrap
from argparse import Namespace
from collections.abc import Awaitable
from typing import Any, TypeVar

from ai_gate._lazy import TYPE_CHECKING, LazyModule

if TYPE_CHECKING:
    import asyncio

    from ai_gate import _redaction
else:
    # `version` needs neither.
    asyncio = LazyModule("asyncio")
    _redaction = LazyModule("ai_gate._redaction")

T = TypeVar("T")

COLORS = {"ok": 32, "warning": 33, "failed": 31}
"""The codes of ECMA-48 for the words that say how something went."""
WIDEST = 120
"""The most columns that are filled: longer lines are hard to read."""
NAME_WIDTH = 18


class Console:
    """Standard output and error, as the options want them."""

    def __init__(self) -> None:
        self.unfinished = ""
        """What is to be said if the command is interrupted now."""
        self.is_debug = False
        self._secrets: set[str] = set()
        self._shows_secrets = False
        self._is_plain = True
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                # A terminal of another encoding than what it is to show.
                stream.reconfigure(errors="replace")

    def configure(self, options: Namespace) -> None:
        """Take what the options say."""
        self.is_debug = getattr(options, "debug", False)
        self._shows_secrets = getattr(options, "show_secrets", False)
        self._is_plain = (
            getattr(options, "no_color", False)
            or bool(os.environ.get("NO_COLOR"))
            or os.environ.get("TERM") == "dumb"
        )

    @property
    def is_terminal(self) -> bool:
        """Whether a person reads the output."""
        return sys.stdout.isatty()

    def hide(self, *secrets: str | None) -> None:
        """Mask these in everything that is printed from now on."""
        self._secrets.update(secret for secret in secrets if secret)

    def masked(self, text: str) -> str:
        """Return a text with everything secret in it masked."""
        return text if self._shows_secrets else _redaction.mask(text, *self._secrets)

    def write(self, text: str) -> None:
        """Print a part of a line."""
        sys.stdout.write(self.masked(text))
        sys.stdout.flush()

    def error(self, text: str) -> None:
        """Print a line to standard error."""
        sys.stderr.write(f"ai-gate: {text}\n")
        sys.stderr.flush()

    def json(self, value: object) -> None:
        """Print a value as JSON, every string in it masked by itself, so that it stays JSON."""
        sys.stdout.write(json.dumps(self._masked_values(value), indent=2) + "\n")
        sys.stdout.flush()

    def _masked_values(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._masked_values(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self._masked_values(part) for part in value]
        return self.masked(value) if isinstance(value, str) else value

    def row(self, name: str, text: str, *, status: str = "", seconds: float | None = None) -> None:
        """Print a name and what there is to say of it, in columns; on a terminal wrapped.

        Args:
            name: The name; nothing has no column.
            text: What there is to say.
            status: How it went, in a word.
            seconds: The time that it took.
        """
        head = f"{status:<9}" if status else ""
        head += f"{name:<{NAME_WIDTH}}" if name else ""
        shown = _redaction.printable(self.masked(text))
        if seconds is not None:
            shown += f" ({seconds * 1000:.0f} ms)" if seconds < 1 else f" ({seconds:.1f} s)"
        if self.is_terminal:
            columns = min(shutil.get_terminal_size().columns, WIDEST) - 1
            shown = textwrap.fill(
                f"{head}{shown}",
                max(columns, len(head) + 20),
                subsequent_indent=" " * len(head),
                break_on_hyphens=False,
                break_long_words=False,
            )[len(head) :]
        if status in COLORS and self.is_terminal and not self._is_plain:
            head = f"\x1b[{COLORS[status]}m{status}\x1b[0m{head[len(status):]}"
        sys.stdout.write(f"{head}{shown}".rstrip() + "\n")
        sys.stdout.flush()

    async def waiting(self, what: str, work: Awaitable[T]) -> T:
        """Await something, and on a terminal say meanwhile what, and for how long."""
        if self._is_plain or not sys.stderr.isatty():
            return await work
        progress = asyncio.ensure_future(self._progress(what))
        try:
            return await work
        finally:
            progress.cancel()
            await asyncio.wait([progress])

    async def _progress(self, what: str) -> None:
        # What is done at once needn't be announced, and a line that changes often is read often.
        await asyncio.sleep(0.3)
        seconds = 0
        try:
            while True:
                passed = f" {seconds} s" if seconds else ""
                sys.stderr.write(f"\r{what} ...{passed}")
                sys.stderr.flush()
                await asyncio.sleep(1)
                seconds += 1
        finally:
            # The line is cleared, and the cursor is at its beginning.
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
