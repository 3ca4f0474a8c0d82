"""OpenAI's side as a whole. Importing this imports aiortc."""

from collections.abc import Callable, Mapping
from typing import Any

from ai_gate.testing._openai.calls import Calls
from ai_gate.testing._openai.client_secrets import ClientSecrets
from ai_gate.testing._openai.endpoints import Routes
from ai_gate.testing._openai.faults import Misbehaviour
from ai_gate.testing._openai.register import Register
from ai_gate.testing._openai.voice import MockVoice
from ai_gate.testing._response import Answer
from ai_gate.testing._violations import ReceivedRequest


class Realtime:
    """The paths, the calls behind them, and what is known of both.

    Args:
        now: The gate's clock.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.client_secrets = ClientSecrets()
        self.misbehaviour = Misbehaviour()
        self.register = Register()
        self.calls = Calls(self.register)
        self.voice = MockVoice(self)
        self._routes = Routes(self.client_secrets, self.misbehaviour, now, self.calls.take)

    def answer(self, request: ReceivedRequest) -> Answer | None:
        """Answer a request; None where its path is none of OpenAI's."""
        return self._routes.answer(request)

    def mint(self, session: Mapping[str, Any]) -> None:
        """Take note of a session that the gate has created."""
        self.client_secrets.add(session)

    def reset(self) -> None:
        """Hang up every call and forget everything."""
        self.calls.hang_up()
        self.client_secrets.forget()
        self.misbehaviour.reset()
        self.register.forget()

    def start(self) -> None:
        """Be ready for calls."""
        self.calls.start()

    def stop(self) -> None:
        """Hang up every call and end their thread."""
        self.calls.stop()
