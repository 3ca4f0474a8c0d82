"""Request builders, one for each operation of the API.

Each takes the operation's parameters and returns the keyword arguments of `httpx.Client.request`.
"""

from typing import Any

__all__ = (
    "get_health",
    "create_session",
    "get_turn_credentials",
)


def get_health() -> dict[str, Any]:
    """`GET /health`"""
    return {
        "method": "get",
        "url": "/health",
    }


def create_session(
    *,
    project_id: str,
    model: str | None = "gpt-4o-realtime-preview-2024-10-01",
    voice: str | None = "echo",
    temperature: float | None = 0.7,
    instructions: str | None = "You are a helpful assistant",
) -> dict[str, Any]:
    """`POST /session`"""
    return {
        "method": "post",
        "url": "/session",
        "json": {
            key: value
            for key, value in {
                "project_id": project_id,
                "model": model,
                "voice": voice,
                "temperature": temperature,
                "instructions": instructions,
            }.items()
            if value is not None
        },
        "headers": {"Content-Type": "application/json"},
    }


def get_turn_credentials(
    *,
    identifier: str,
) -> dict[str, Any]:
    """`GET /turn-credentials`"""
    return {
        "method": "get",
        "url": "/turn-credentials",
        "params": {
            "identifier": identifier,
        },
    }
