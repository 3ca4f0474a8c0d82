"""Times that are passed in seconds."""

from ai_gate.errors import AIGateError

SHORTEST = 0.001
"""The shortest time within which something can be done, in seconds."""


def check_seconds(name: str, seconds: object, *, least: float, most: float) -> None:
    """Check an argument.

    Args:
        name: Its name.
        seconds: Its value.
        least: The shortest time that makes sense.
        most: The longest.

    Raises:
        AIGateError: It is no number, or out of the range.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise AIGateError(f"{name} must be a number of seconds, not {type(seconds).__name__}.")
    if not least <= seconds <= most:
        raise AIGateError(f"{name} must be from {least:g} to {most:,.0f} seconds.")
