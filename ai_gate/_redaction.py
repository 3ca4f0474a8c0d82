"""Masks for what must not be read in logs, errors, warnings and `repr`."""

import re
from contextvars import ContextVar
from logging import Filter, LogRecord
from typing import TypeVar
from unicodedata import category
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

SECRETS = re.compile(r"\b(?:ek_|sk-)[\w-]+")
"""OpenAI's client secrets and API keys."""

SHORTEST_UNMISTAKABLE = 8
"""A project ID of this length or more is masked within other words too."""

QUOTE = re.compile(r"bytearray\(.*\)|\bb\\?(['\"]).*\1", re.DOTALL)
"""Bytes, as Python prints them."""

LITERAL = re.compile(r"""\bb(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""", re.DOTALL)
"""Bytes, as Python prints them where they aren't part of a text that is printed in turn."""

QUERY = re.compile(r"([?&]identifier=)[^&\s\"']*")
"""The project ID in any URL."""

IDENTIFIER = re.compile(r"(/turn-credentials\?\S*?\bidentifier=)[^&\s\"']*")
"""The project ID in the URL of the TURN call. httpx's logger has the app's own URLs too."""


def mask(text: str, project_id: str) -> str:
    """Return a text with the project ID and all that looks like an OpenAI secret masked."""
    exact = "|".join({re.escape(project_id), re.escape(quote(project_id, safe=""))})
    if len(project_id) < SHORTEST_UNMISTAKABLE:
        exact = rf"(?<![\w-])(?:{exact})(?![\w-])"
    return SECRETS.sub(MASK, re.sub(exact, MASK, text))


def printable(text: str) -> str:
    """Return what somebody else wrote, fit for a terminal and a log: one line of bounded length.

    Control, escape and bidi characters, line breaks and lone surrogates become `?`.
    """
    shown = text[: LONGEST_SHOWN + 1]
    shown = "".join("?" if category(char) in UNPRINTABLE else char for char in shown)
    return shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}..."


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

    h11's quote what a server sent, aiohttp's also the URL of the request.
    """
    text = _unquoted(str(failure))
    if text == str(failure) and _unquoted(repr(failure)) == repr(failure):
        return failure
    return _like(failure, text).with_traceback(failure.__traceback__)


def _unquoted(text: str) -> str:
    return QUERY.sub(rf"\1{MASK}", QUOTE.sub(MASK, text))


def _like(failure: Exception, text: str) -> Exception:
    """Return an exception of the same class, if a text is all that it's made of."""
    try:
        alike = type(failure)(text)
    except Exception:
        return RuntimeError(f"{type(failure).__name__}: {text}")
    is_text = str(alike) == text and _unquoted(repr(alike)) == repr(alike)
    return alike if is_text else RuntimeError(f"{type(failure).__name__}: {text}")


_hidden: ContextVar[str] = ContextVar("ai_gate_hidden", default="")


class Hiding:
    """Keeps a secret, and all that goes over the wire meanwhile, out of other libraries' log lines.

    Args:
        secret: What a request has in it: the project ID, or a client secret.
    """

    __slots__ = ("_before", "_secret")

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self._before = ""

    def __enter__(self) -> None:
        self._before = _hidden.get()
        _hidden.set(self._secret)

    def __exit__(self, *_: object) -> None:
        # Not by a token, which is refused where a coroutine is ended in another context.
        _hidden.set(self._before)


class MaskedWire(Filter):
    """Masks what the libraries beneath log of a request of ours. Other lines stay as they are."""

    def filter(self, record: LogRecord) -> bool:
        """Rewrite the record; every record passes."""
        if secret := _hidden.get():
            text = _unquoted(LITERAL.sub(MASK, record.getMessage()))
            record.msg, record.args = printable(mask(text, secret)), ()
        return True


class MaskedURLs(Filter):
    """Masks the project ID in the URLs of other libraries' log lines."""

    def filter(self, record: LogRecord) -> bool:
        """Rewrite the record's URLs; every record passes."""
        if isinstance(record.args, tuple):
            record.args = tuple(_masked_argument(argument) for argument in record.args)
        return True


def _masked_argument(argument: object) -> object:
    text = str(argument)
    return IDENTIFIER.sub(rf"\1{MASK}", text) if "identifier=" in text else argument
