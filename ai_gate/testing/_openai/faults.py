"""What OpenAI's side does on request: refusals, a missing protocol, losses, floods, turns."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ai_gate.testing._limits import check_whole
from ai_gate.testing._openai.events import Api
from ai_gate.testing._response import Response

_MAX_SIZE = 200_000


class Faults:
    """What is said to OpenAI's side by other threads, and holds for all of its calls.

    Attributes:
        refusals: The responses to the coming SDP offers, the next one first.
        only: The only protocol that is spoken; None for both.
        expired: The sessions whose client secrets have expired early.
        is_ice_lite: Whether coming answers are those of a peer with ICE-lite.
        loss: The share of the packets of audio that is lost, in each direction.
        jitter: By how much, at most, each of the others is late, in seconds.
        heard: What is heard in the next turns of clients.
        called: The functions that the model calls in its next replies, with their arguments.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Do nothing wrong any more."""
        self.refusals: deque[Response] = deque()
        self.only: Api | None = None
        self.expired: Collection[bytes] = ()
        self.is_ice_lite = True
        self.loss = self.jitter = 0.0
        self.heard: deque[str] = deque()
        self.called: deque[tuple[str, Mapping[str, Any]]] = deque()
        # The same packets are lost in each run.
        self._random = Random(0)  # noqa: S311

    def delay(self) -> float | None:
        """Return by how many seconds the next packet of audio is late; None if it is lost."""
        is_lost = self._random.random() < self.loss
        return None if is_lost else self._random.uniform(0.0, self.jitter)


@dataclass(frozen=True)
class Flood:
    """More events than a client may be able to read.

    Args:
        count: How many.
        size: The characters in the field `data` of each; at most 200,000, which every client
            can take.

    Raises:
        TypeError: One of them is not a whole number.
        ValueError: One of them is negative, or `size` too large.
    """

    count: Any
    size: Any

    def __post_init__(self) -> None:
        check_whole(**vars(self))
        for name, value in vars(self).items():
            if value < 0:
                raise ValueError(f"{name} must not be negative")
        if self.size > _MAX_SIZE:
            raise ValueError(f"size must be at most {_MAX_SIZE}")

    def events(self) -> Iterator[Mapping[str, Any]]:
        """Make the events, with an `index` that counts from 0."""
        filling = "x" * self.size
        for index in range(self.count):
            yield {"type": "mock.flood", "index": index, "data": filling}
