"""What a client is told when it is made, checked once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from ai_gate._fork import unforked
from ai_gate.errors import AIGateError

DEFAULT_BASE_URL = "https://api.ai-gate.dev"
DEFAULT_TIMEOUT = 30.0
DEFAULT_MAX_RETRIES = 2

SHORTEST_TIME = 0.001
"""The shortest time in which anything can be done, in seconds."""
LONGEST_TIMEOUT = 86_400.0
"""A day, in seconds: what every platform's sockets can wait for."""

DASHBOARD = "https://www.ai-gate.dev/dashboard"


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one client."""

    project_id: str = field(repr=False)
    base_url: httpx.URL
    timeout: float
    max_retries: int
    debug: bool
    _urls: dict[str, httpx.URL] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def checked(
        cls,
        *,
        project_id: str | None,
        base_url: str,
        timeout: float,
        max_retries: int,
        debug: bool,
    ) -> "Config":
        """Return the settings, each of them checked.

        Raises:
            AIGateError: A setting is missing or wrong.
        """
        return cls(
            project_id=_checked_project_id(project_id),
            base_url=checked_base_url(base_url),
            timeout=checked_seconds("timeout", timeout, most=LONGEST_TIMEOUT),
            max_retries=_checked_max_retries(max_retries),
            debug=debug,
        )

    def url(self, path: str) -> httpx.URL:
        """Return the URL of one of the gate's paths, joined once: httpx parses all of it anew."""
        if path not in self._urls:
            prefix = self.base_url.raw_path.rstrip(b"/")
            self._urls[path] = self.base_url.copy_with(raw_path=prefix + path.encode("ascii"))
        return self._urls[path]


def parsed_url(name: str, value: str) -> httpx.URL:
    """Return a setting as a URL whose host can be looked up.

    Raises:
        AIGateError: It isn't one.
    """
    problem, url = None, httpx.URL()
    try:
        # What IDNA needs is imported here.
        url = unforked(lambda: _with_usable_host(httpx.URL(value)))
    except (httpx.InvalidURL, TypeError, UnicodeError) as error:
        problem = error
    if problem is not None:
        # httpx quotes what is in the place of the port, which can be a password's beginning.
        raise AIGateError(f"{name} is not a valid URL.") from (
            None if "@" in str(value) else problem
        )
    if ":" in url.host and "%" in url.host:
        raise AIGateError(
            f"{name} must not have an IPv6 zone, as %eth0: give the address a name, for example in "
            "/etc/hosts."
        )
    return url


def _with_usable_host(url: httpx.URL) -> httpx.URL:
    # httpx takes a host that it can't decode, or that has no IDNA form: using it shows that.
    _ = url.host
    url.raw_host.decode("ascii").encode("idna")
    return url


def checked_seconds(
    name: str, seconds: object, *, least: float | None = None, most: float
) -> float:
    """Return a time that was passed in seconds, checked.

    Args:
        name: The argument's name.
        seconds: Its value.
        least: The shortest time allowed, or None for any that is more than 0.
        most: The longest time allowed.

    Raises:
        AIGateError: It is no number, or out of range.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise AIGateError(f"{name} must be a number of seconds, not {type(seconds).__name__}.")
    if least is None and not 0 < seconds <= most:
        raise AIGateError(f"{name} must be more than 0 and at most {most:,.0f} seconds.")
    if least is not None and not least <= seconds <= most:
        raise AIGateError(f"{name} must be from {least:g} to {most:,.0f} seconds.")
    return float(seconds)


def port_of(url: httpx.URL) -> int:
    """Return the port of an http or https URL."""
    return url.port or (443 if url.scheme == "https" else 80)


def full_name(value: object) -> str:
    """Return the name of a value's class with its package, which tells httpx2's from httpx's."""
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    return kind.__qualname__ if package == "builtins" else f"{package}.{kind.__qualname__}"


def from_environment(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a client from `AI_GATE_PROJECT_ID` and `AI_GATE_BASE_URL`.

    Args:
        options: Further arguments; they go before the environment.
    """
    arguments: dict[str, Any] = {"project_id": os.environ.get("AI_GATE_PROJECT_ID")}
    if base_url := os.environ.get("AI_GATE_BASE_URL"):
        arguments["base_url"] = base_url
    return arguments | dict(options)


def _checked_project_id(project_id: str | None) -> str:
    if project_id is None or project_id == "":
        raise AIGateError(
            "Project ID is required. Copy yours from the dashboard "
            f"({DASHBOARD}) and pass project_id=, or set AI_GATE_PROJECT_ID and use from_env()."
        )
    if not isinstance(project_id, str):
        raise AIGateError(f"project_id must be a string, not {type(project_id).__name__}.")
    if not project_id.isprintable() or project_id.isspace():
        raise AIGateError(
            "project_id has characters that can't be part of one (control characters, line "
            "breaks or blanks alone): copy it again from the dashboard."
        )
    # A str subclass, such as a member of an enum, can print itself as something else.
    return str.__str__(project_id)


def checked_base_url(base_url: str) -> httpx.URL:
    """Return a base URL, checked.

    Raises:
        AIGateError: It is none; nothing of it, which can hold a password, is in the error.
    """
    if not isinstance(base_url, str):
        raise AIGateError(f"base_url must be a string, not {type(base_url).__name__}.")
    url = parsed_url("base_url", base_url)
    if url.scheme not in ("http", "https") or not url.host:
        raise AIGateError(
            f"base_url must be an absolute http or https URL, for example {DEFAULT_BASE_URL}."
        )
    if url.port is not None and not 0 < url.port < 65536:
        raise AIGateError(f"base_url has no valid port: {url.port}.")
    if url.userinfo or url.query or url.fragment:
        raise AIGateError(
            "base_url must not have credentials, a query or a fragment. "
            "For a gate behind basic authentication pass an http_client with auth=."
        )
    path, _, _ = url.raw_path.partition(b"?")
    return url.copy_with(raw_path=path.rstrip(b"/") or b"/")


def _checked_max_retries(max_retries: int) -> int:
    if isinstance(max_retries, bool) or not isinstance(max_retries, int) or max_retries < 0:
        raise AIGateError("max_retries must be an integer of 0 or more.")
    return max_retries
