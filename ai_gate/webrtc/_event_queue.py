"""The events that came and wait to be read."""

from collections import deque
from copy import copy

from ai_gate.webrtc._events import Event
from ai_gate.webrtc._signal import Signal
from ai_gate.webrtc.errors import CallEndedError, WebRTCError


class EventQueue:
    """A bounded queue, and after its last event the reason why there are no more.

    Args:
        max_events: How many events can wait.
    """

    def __init__(self, max_events: int) -> None:
        self._max_events = max_events
        self._events: deque[Event] = deque()
        self._changed = Signal()
        self._end: WebRTCError | None = None

    @property
    def is_full(self) -> bool:
        """Whether no further event can wait."""
        return len(self._events) >= self._max_events

    def put(self, event: Event) -> None:
        """Let an event wait. See before that the queue isn't full."""
        self._events.append(event)
        self._changed.notify()

    def end(self, failure: WebRTCError | None) -> None:
        """Let the events that are there be the last ones.

        Args:
            failure: What readers are told after them, or None where the call has simply ended.
        """
        self._end = failure or CallEndedError("The call has ended.")
        self._changed.notify()

    async def get(self) -> Event:
        """Wait for the next event and take it.

        Raises:
            CallEndedError: There are no more, and nothing is wrong.
            WebRTCError: There are no more.
        """
        await self._changed.wait_for(lambda: bool(self._events) or self._end is not None)
        if self._events:
            return self._events.popleft()
        raise self.failure()

    def failure(self) -> WebRTCError:
        """The reason why there are no more, an exception that can be raised.

        It is a new one each time, because raising one twice piles up its traceback.
        """
        end = self._end or CallEndedError("The call has ended.")
        failure = copy(end)
        failure.__cause__ = end.__cause__
        return failure
