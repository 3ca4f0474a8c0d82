"""Masks for what must not be read in logs, errors, warnings and `repr`."""

import re
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from contextvars import ContextVar
from itertools import islice
from logging import Filter, LogRecord
from typing import Any, TypeVar
from unicodedata import bidirectional, category
from urllib.parse import quote

import httpx

MASK = "***"

T = TypeVar("T", bound=Exception)

PLAIN = (TypeError, ValueError, RecursionError, httpx.InvalidURL)
"""Exceptions that are made of a text alone."""

LONGEST_SHOWN = 500
"""The characters of somebody else's text that are shown."""
UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""The Unicode categories of control and format characters, surrogates and separators."""
COMMANDS = ("Cc", "Cs")
"""Those of control characters and surrogates."""
TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
"""The bidi classes of characters that turn the direction of what follows (UAX 9)."""

# The patterns are texts, which are compiled when first used: most apps never need them.

SECRETS = r"\b(?:ek_|sk-)[\w-]+"
"""OpenAI's client secrets and API keys."""

SECRET_NAMES = ("client_secret", "credential", "api_key", "password")
"""The fields whose values aren't shown."""

# Without a bound, what is looked ahead for would take a time that grows with the text's square.
_LIKE_A_KEY = r"(?=\S{0,100}[\d+/=])"
_NESTED = r"(?:\{\s*\\*[\"']?value\\*[\"']?\s*[:=]\s*)?"
_VALUE = rf"\\*[\"']?\s*[:=]\s*{_NESTED}\\*[\"']|\s+[\"']|\s*=\s*|\s*:\s*{_LIKE_A_KEY}"
QUOTED_SECRET = (
    rf"(?i)((?<![a-z])(?:{'|'.join(SECRET_NAMES)})(?:{_VALUE})|\bbearer\s+{_LIKE_A_KEY})"
    r"[^\s\"',;&}\\]+"
)
"""A field and its value, as a text quotes them: `credential=...`, `"credential": "..."`; and what
follows `Bearer`."""

MOST_VALUES = 1_000
"""The values of a response's JSON object among which secrets are looked for."""

SHORTEST_UNMISTAKABLE = 8
"""A secret of this length or more is masked within other words too."""

QUOTE = r"(?s)bytearray\(.*\)|\bb\\?(['\"]).*\1"
"""Bytes, as Python prints them."""

LITERAL = r"""(?s)\bb(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
"""Bytes, as Python prints them where they aren't part of a text that is printed in turn."""

QUERY = r"([?&]identifier=)[^&\s\"']*"
"""The project ID in any URL."""

IDENTIFIER = r"(/turn-credentials\?\S*?\bidentifier=)[^&\s\"']*"
"""The project ID in the URL of the TURN call. httpx's logger has the app's own URLs too."""


def mask(text: str, *secrets: str) -> str:
    """Return a text with the given secrets, and all that looks like one, masked."""
    # A lone surrogate, which JSON and a command line can have, is in no URL.
    quoted = {quote(secret, safe="", errors="replace") for secret in secrets}
    forms = quoted.union(secrets)
    # All at once, so that no mask is masked; the longest first, so that no half of one is left.
    exact = "|".join(map(_pattern, sorted(forms, key=len, reverse=True)))
    if exact:
        text = re.sub(exact, MASK, text)
    return re.sub(QUOTED_SECRET, rf"\1{MASK}", re.sub(SECRETS, MASK, text))


def masked(value: Any, *secrets: str) -> Any:
    """Return what JSON can hold with each string in it masked by itself, so that it stays JSON."""
    if isinstance(value, dict):
        return {name: masked(part, *secrets) for name, part in value.items()}
    if isinstance(value, list):
        return [masked(part, *secrets) for part in value]
    return mask(value, *secrets) if isinstance(value, str) else value


def _pattern(secret: str) -> str:
    exact = re.escape(secret)
    return exact if len(secret) >= SHORTEST_UNMISTAKABLE else rf"(?<![\w-]){exact}(?![\w-])"


def secrets_in(response: dict[str, Any], names: Sequence[str] = SECRET_NAMES) -> set[str]:
    """Return the values of a JSON object's fields that aren't shown, as deep as they may be."""
    found: set[str] = set()
    waiting: deque[tuple[str, Any]] = deque([("", response)])
    for _ in range(MOST_VALUES):
        if not waiting:
            break
        name, value = waiting.popleft()
        if isinstance(value, str) and value and name in names:
            found.add(value)
        elif isinstance(value, list):
            waiting.extend((name, part) for part in value[:MOST_VALUES])
        elif isinstance(value, dict):
            # A client secret is an object, which has its value and when it expires.
            waiting.extend(
                (name if key == "value" else key, part)
                for key, part in islice(value.items(), MOST_VALUES)
            )
    return found


def printable(text: str, longest: int = LONGEST_SHOWN) -> str:
    """Return what somebody else wrote, fit for a terminal and a log: one line of bounded length.

    Control, escape and bidi characters, line breaks and lone surrogates become `?`.
    """
    shown = text[: longest + 1]
    shown = "".join("?" if category(char) in UNPRINTABLE else char for char in shown)
    return shown if len(shown) <= longest else f"{shown[:longest]}..."


def printable_lines(text: str) -> str:
    """Return somebody else's text in its own lines, fit for a terminal, whatever its length.

    Format characters stay, of which emoji and many scripts are made, but for those that turn the
    direction of what follows.
    """
    return "".join(
        (
            "?"
            if (category(char) in COMMANDS and char not in "\n\t") or bidirectional(char) in TURNS
            else char
        )
        for char in text.replace("\r\n", "\n")
    )


def without_frames(failure: T) -> T:
    """Cut the frames off an exception and its causes.

    Those of httpcore and h11 hold what came over the wire, and crash reporters show them. An
    exception that the app was handling when it called is the context of the last one, and stays.
    """
    link: BaseException | None = failure
    while link is not None and link.__traceback__ is not None:
        link.__traceback__ = None
        link = link.__cause__
    return failure


def without_values(failure: Exception) -> Exception:
    """Return an exception that holds its text alone.

    One of Unicode's or of JSON's also holds the whole text that it is about.
    """
    return type(failure)(str(failure)) if type(failure) in PLAIN else ValueError(str(failure))


def without_quotes(failure: Exception) -> Exception:
    """Return an exception that doesn't quote what went over the wire in place of one that does.

    h11's quote what a server sent, aiohttp's also the URL of the request, and a proxy's refusal can
    command a terminal. What caused them says the same: it is replaced too.
    """
    text, cause = printable(_unquoted(str(failure))), failure.__cause__
    shown = without_quotes(cause) if isinstance(cause, Exception) else cause
    is_clean = text == str(failure) and _unquoted(repr(failure)) == repr(failure)
    if is_clean and shown is cause:
        return failure
    replaced = _like(failure, text).with_traceback(failure.__traceback__)
    replaced.__cause__ = shown
    return replaced


def _unquoted(text: str) -> str:
    return re.sub(QUERY, rf"\1{MASK}", re.sub(QUOTE, MASK, text))


def _like(failure: Exception, text: str) -> Exception:
    """Return an exception of the same class, if a text is all that it's made of."""
    try:
        alike = type(failure)(text)
    except Exception:
        return RuntimeError(f"{type(failure).__name__}: {text}")
    is_text = str(alike) == text and _unquoted(repr(alike)) == repr(alike)
    return alike if is_text else RuntimeError(f"{type(failure).__name__}: {text}")


_hidden: ContextVar[Sequence[str]] = ContextVar("ai_gate_hidden", default=())


class HiddenInLogs:
    """Keeps a secret, and all that goes over the wire meanwhile, out of other libraries' log lines.

    Args:
        secret: What a request has in it: the project ID, or a client secret.
    """

    __slots__ = ("_before", "_held")

    def __init__(self, secret: str) -> None:
        self._held = [secret]
        self._before: Sequence[str] = ()

    def __enter__(self) -> None:
        self._before = _hidden.get()
        _hidden.set(self._held)

    def __exit__(self, *_: object) -> None:
        # A task that a hook of the app's has started keeps its copy of the context.
        self._held.clear()
        # Not by a token, which is refused where a coroutine is ended in another context.
        if _hidden.get() is self._held:
            _hidden.set(self._before)


class MaskedLines(Filter):
    """Masks what other libraries log while a request of ours runs, and the TURN call's URL always.

    Other lines stay as they are. Arguments keep their number, and those that show nothing their
    type: what a filter of the app's that reads them raises would cost the caller a session.
    """

    def filter(self, record: LogRecord) -> bool:
        """Rewrite the record; every record passes."""
        secrets = tuple(_hidden.get())
        if isinstance(record.args, tuple):
            record.args = tuple(_masked_argument(value, secrets) for value in record.args)
        if not secrets:
            return True
        line = record.getMessage()
        if (shown := _masked(line, secrets)) != line:
            record.args = record.args if isinstance(record.args, tuple) else ()
            # `%.0s` takes an argument and prints nothing.
            unused = "%.0s" * len(record.args)
            record.msg = shown.replace("%", "%%") + unused if unused else shown
        return True


def _masked_argument(argument: object, secrets: Sequence[str]) -> object:
    text = str(argument)
    shown = _masked(text, secrets)
    # The format can ask for a number.
    if shown == text or isinstance(argument, int | float):
        return argument
    if isinstance(argument, httpx.URL):
        with suppress(httpx.InvalidURL):
            return httpx.URL(shown)
    return shown


def _masked(text: str, secrets: Sequence[str]) -> str:
    if secrets:
        return printable(mask(_unquoted(re.sub(LITERAL, MASK, text)), *secrets))
    return re.sub(IDENTIFIER, rf"\1{MASK}", text) if "identifier=" in text else text
