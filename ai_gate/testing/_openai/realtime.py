"""OpenAI's side as a whole. Importing this imports aiortc."""

from collections.abc import Callable

from ai_gate.testing._openai.calls import Calls
from ai_gate.testing._openai.client_secrets import ClientSecrets
from ai_gate.testing._openai.endpoints import Endpoints
from ai_gate.testing._openai.faults import Faults
from ai_gate.testing._openai.register import Register
from ai_gate.testing._openai.voice import MockVoice


class Realtime:
    """The endpoints, the calls behind them, and the handle `voice` that tests have on both.

    Args:
        now: The gate's clock.

    Attributes:
        client_secrets: Those that are accepted.
        calls: The calls, and their thread.
        endpoints: What responds to requests.
        voice: The handle.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self.client_secrets = ClientSecrets()
        self._faults = Faults()
        self._register = Register()
        self.calls = Calls(self._register, self._faults)
        self._now = now
        self.endpoints = Endpoints(self.client_secrets, self._faults, now, self.calls.take)
        self.voice = MockVoice(self.calls, self._register, self.client_secrets, self._faults)

    def expire(self) -> None:
        """End the calls whose hour is over by the gate's clock."""
        now = self._now()
        self.calls.each(lambda peer: peer.expire(now))

    def reset(self) -> None:
        """Hang up every call and forget everything."""
        self.calls.hang_up()
        self.client_secrets.forget()
        self._faults.reset()
        self._register.forget()
