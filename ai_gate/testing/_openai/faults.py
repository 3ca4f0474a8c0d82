"""What coming SDP exchanges are told to go wrong with."""

from threading import Lock

from ai_gate.testing._openai.records import Api
from ai_gate.testing._response import Answer


class Misbehaviour:
    """The refusals to come, and the one protocol that is spoken where not both are."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Behave again."""
        with self._lock:
            self._refusals: list[Answer] = []
            self._only: Api | None = None

    def refuse_next(self, answer: Answer) -> None:
        """Queue a refusal."""
        with self._lock:
            self._refusals.append(answer)

    def only(self, api: Api | None) -> None:
        """Speak one protocol alone, or with None both."""
        with self._lock:
            self._only = api

    def take_refusal(self) -> Answer | None:
        """Remove the oldest refusal and return it."""
        with self._lock:
            return self._refusals.pop(0) if self._refusals else None

    def speaks(self, api: Api) -> bool:
        """Tell whether a protocol is spoken."""
        with self._lock:
            return self._only in (None, api)
