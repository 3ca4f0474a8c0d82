"""More events than a client may be able to read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_MAX_SIZE = 200_000


@dataclass(frozen=True)
class Flood:
    """So many events, each with so many characters of filling.

    Args:
        count: How many.
        size: The characters of each; at most 200,000, which every client can take.

    Raises:
        TypeError: One of them is no whole number.
        ValueError: One of them is negative, or `size` too large.
    """

    count: Any
    size: Any

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if not isinstance(value, int):
                raise TypeError(f"{name} must be a whole number")
            if value < 0:
                raise ValueError(f"{name} must not be negative")
        if self.size > _MAX_SIZE:
            raise ValueError(f"size must be at most {_MAX_SIZE}")

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Make the events, with an `index` that counts from 0."""
        filling = "x" * self.size
        for index in range(self.count):
            yield {"type": "mock.flood", "index": index, "data": filling}
