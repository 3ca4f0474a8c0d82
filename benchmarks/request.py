"""The session that everybody asks for."""

from typing import TypedDict

PROJECT_ID = "proj_abc123xyz"
TIMEOUT = 30.0
"""The SDK's own, in seconds; httpx's five seconds are short for 500 calls at once."""


class Wanted(TypedDict):
    """What a session should be."""

    model: str
    voice: str
    temperature: float
    instructions: str


WANTED: Wanted = {
    "model": "gpt-realtime",
    "voice": "echo",
    "temperature": 0.7,
    "instructions": "You are a helpful assistant",
}
BODY = {"project_id": PROJECT_ID, **WANTED}
"""The body of `POST /session`."""
