"""The limiter: what a client asks before each request, and what an app asks and tells."""

import hmac
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from collections.abc import Callable, Generator, Mapping
from typing import Any, Literal

from ai_gate._call.exchange import Deadline, Look
from ai_gate._call.operations import Operation
from ai_gate._config import DEFAULT_BASE_URL, Config, checked_seconds
from ai_gate._http.look import look, look_async
from ai_gate.errors import AIGateError
from ai_gate.limits._stores import Memory, Redis
from ai_gate.limits._turn import Turn


@dataclass(frozen=True, slots=True)
class Count:
    """How much of a limit is used."""

    used: int
    limit: int | None
    """None: not limited."""
    reset_at: datetime
    """When the next becomes free (UTC); now if none is used."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a project has used, as far as the limiter knows."""

    requests: Count
    concurrent: Count
    quota: Count
