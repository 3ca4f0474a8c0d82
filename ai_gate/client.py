"""The clients of the SDK."""

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypedDict, Unpack, cast

import httpx

from ai_gate._base_client import BaseClient, run, run_async
from ai_gate._call import operations
from ai_gate._config import (
    DEFAULT_BASE_URL,
    DEFAULT_MAX_RETRIES,
    DEFAULT_TIMEOUT,
    Config,
    from_environment,
)
from ai_gate._http import AsyncClients, Clients
from ai_gate._injectable import injectable
from ai_gate._lazy import LazyModule
from ai_gate.errors import AIGateError
from ai_gate.types import Model, SessionResponse, TurnCredentials, Voice

if TYPE_CHECKING:
    from ai_gate import limits, webrtc
    from ai_gate.webrtc import _options as call_options
else:
    # Most users of the SDK don't talk, and have no limiter.
    limits = LazyModule("ai_gate.limits")
    webrtc = LazyModule("ai_gate.webrtc")
    call_options = LazyModule("ai_gate.webrtc._options")

__all__ = ["AIGateClient", "AIGateError", "AsyncAIGateClient"]

DEFAULT_MODEL = "gpt-4o-realtime-preview-2024-10-01"
DEFAULT_VOICE = "echo"
DEFAULT_TEMPERATURE = 0.7
DEFAULT_INSTRUCTIONS = "You are a helpful assistant"


class _Options(TypedDict, total=False):
    base_url: str
    timeout: float
    debug: bool
    max_retries: int
    limiter: "limits.Limiter | None"


class ClientOptions(_Options, total=False):
    """The options of `AIGateClient.from_env`."""

    http_client: httpx.Client | None


class AsyncClientOptions(_Options, total=False):
    """The options of `AsyncAIGateClient.from_env`."""

    http_client: httpx.AsyncClient | None


class AIGateClient(BaseClient[Clients]):
    """A client of AI Gate.

    One client can be shared by all threads of an app and outlives a fork at any moment: the child
    process opens connections of its own. Close it, or use it as a context manager.

    Args:
        project_id: The project's ID from the dashboard (https://www.ai-gate.dev/dashboard). It is
            the only credential, so treat it as one.
        base_url: Where the gate is (default: `https://api.ai-gate.dev`). A path prefix is kept.
        timeout: The time for a call in seconds, retries and their waits included; more than 0 and
            at most 86,400 (default: `30.0`). Async, the call is cancelled then; sync, only the
            resolution of the host's name can take longer.
        debug: Log each request through the `ai_gate` logger, and to stderr if the app has
            configured no logging (default: `False`).
        max_retries: How often a request is sent again (default: `2`). A session request is repeated
            only if nothing of it was sent, because each session is billed; a request for TURN
            credentials also after a lost response, 429, 502, 503, 504 and 520 to 530, with
            `Retry-After` obeyed.
        http_client: An `httpx.Client` to send with, for a proxy, TLS settings, a transport
            or hooks of your own (default: `None`). The SDK neither changes nor closes it, and
            doesn't follow redirects. The call's time bounds it too: sync, each of its operations
            gets what is left, checked between the chunks of a body; async, it is cancelled. What
            its hooks raise passes through.
        limiter: An `ai_gate.limits.Limiter`, which lets each request wait for its turn within the
            call's time, so that the gate needn't refuse it (default: `None`).

    Raises:
        AIGateError: An argument is missing or wrong.

    Example:
        ```python
        from ai_gate import AIGateClient

        with AIGateClient(project_id="your-project-id") as client:
            session = client.create_session(model="gpt-realtime", voice="marin")
            print("Session created:", session["session_id"])
        ```
    """

    def __init__(
        self,
        project_id: str | None,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = DEFAULT_TIMEOUT,
        debug: bool = False,
        *,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx.Client | None = None,
        limiter: "limits.Limiter | None" = None,
    ) -> None:
        config = Config.checked(
            project_id=project_id,
            base_url=base_url,
            timeout=timeout,
            debug=debug,
            max_retries=max_retries,
        )
        super().__init__(config, Clients(config.base_url, http_client), limiter)

    @injectable
    @classmethod
    def from_env(cls, **options: Unpack[ClientOptions]) -> Self:
        """Make a client from `AI_GATE_PROJECT_ID` and, if it is set, `AI_GATE_BASE_URL`.

        Args:
            options: The further arguments of the constructor; they go before the environment.

        Raises:
            AIGateError: The project ID isn't set, or an argument is wrong.

        Example:
            ```python
            import os

            from ai_gate import AIGateClient

            os.environ["AI_GATE_PROJECT_ID"] = "your-project-id"
            with AIGateClient.from_env(timeout=10.0) as client:
                print(client.create_session()["id"])
            ```
        """
        return cls(**from_environment(options))

    def create_session(
        self,
        model: Model | None = DEFAULT_MODEL,
        voice: Voice | None = DEFAULT_VOICE,
        temperature: float | None = DEFAULT_TEMPERATURE,
        instructions: str | None = DEFAULT_INSTRUCTIONS,
        *,
        extra_body: Mapping[str, object] | None = None,
    ) -> SessionResponse:
        """Create an OpenAI Realtime session. Each one is billed.

        None leaves a field out, and the gate or OpenAI decides.

        Args:
            model: The OpenAI Realtime model (default: `gpt-4o-realtime-preview-2024-10-01`, which
                OpenAI has retired: pass a current one).
            voice: The voice (default: `echo`). The documented ones are alloy, echo, fable, onyx,
                nova and shimmer; any name goes through, and the gate decides.
            temperature: The sampling temperature, from 0 to 1 (default: `0.7`).
            instructions: The system instructions (default: `You are a helpful assistant`).
            extra_body: Further fields of the session by their names, such as `tools` (default:
                `None`). They are sent as they are, also None, and go before the arguments of the
                same names; `project_id` can't be among them.

        Returns:
            The session as the gate sent it, with its client secret and TURN credentials.

        Raises:
            QuotaExceededError: The month's sessions are used up.
            RateLimitError: Too many requests for the project.
            ConcurrentLimitError: Too many live sessions of the project.
            APIConnectionError: No whole response came. If the request was sent, the session may
                have been created all the same.
            AIGateError: Anything else that went wrong; it is the parent of all the others.

        Example:
            ```python
            from ai_gate import AIGateClient

            with AIGateClient(project_id="your-project-id") as client:
                session = client.create_session(
                    model="gpt-realtime",
                    voice="marin",
                    temperature=0.8,
                    instructions="You are a friendly customer support agent",
                )
                print(session["client_secret"]["expires_at"])
            ```
        """
        operation = operations.create_session(
            self._config.project_id,
            model=model,
            voice=voice,
            temperature=temperature,
            instructions=instructions,
            extra_fields=operations.checked_extra_fields(extra_body),
        )
        response = run(self._call(operation), self._clients, self._config)
        return cast(SessionResponse, response)

    def get_turn_credentials(self) -> TurnCredentials:
        """Get ICE servers with TURN credentials, good for 600 seconds.

        A session carries them already.

        Returns:
            The ICE servers as the gate sent them.

        Raises:
            RateLimitError: Too many requests for the project.
            APIConnectionError: No whole response came.
            AIGateError: Anything else that went wrong; it is the parent of all the others.

        Example:
            ```python
            from ai_gate import AIGateClient

            with AIGateClient(project_id="your-project-id") as client:
                turn = client.get_turn_credentials()
                print("ICE servers:", len(turn["iceServers"]))
            ```
        """
        operation = operations.get_turn_credentials(self._config.project_id)
        response = run(self._call(operation), self._clients, self._config)
        return cast(TurnCredentials, response)

    def close(self) -> None:
        """Close the client's connections. Closing it again does nothing.

        An injected `http_client` stays open.

        Example:
            ```python
            from ai_gate import AIGateClient

            client = AIGateClient(project_id="your-project-id")
            client.close()
            ```
        """
        self._clients.close()

    def __enter__(self) -> Self:
        self._clients.check_open()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncAIGateClient(BaseClient[AsyncClients]):
    """A client of AI Gate for asyncio and trio.

    One client can be shared by all tasks of an app, and used in one event loop after another: each
    gets connections of its own. Close it, or use it as a context manager.

    Args:
        project_id: The project's ID from the dashboard (https://www.ai-gate.dev/dashboard). It is
            the only credential, so treat it as one.
        base_url: Where the gate is (default: `https://api.ai-gate.dev`). A path prefix is kept.
        timeout: The time for a call in seconds, retries and their waits included; more than 0 and
            at most 86,400 (default: `30.0`). Async, the call is cancelled then; sync, only the
            resolution of the host's name can take longer.
        debug: Log each request through the `ai_gate` logger, and to stderr if the app has
            configured no logging (default: `False`).
        max_retries: How often a request is sent again (default: `2`). A session request is repeated
            only if nothing of it was sent, because each session is billed; a request for TURN
            credentials also after a lost response, 429, 502, 503, 504 and 520 to 530, with
            `Retry-After` obeyed.
        http_client: An `httpx.AsyncClient` to send with, for a proxy, TLS settings, a transport
            or hooks of your own (default: `None`). The SDK neither changes nor closes it, and
            doesn't follow redirects. The call's time bounds it too: sync, each of its operations
            gets what is left, checked between the chunks of a body; async, it is cancelled. What
            its hooks raise passes through.
        limiter: An `ai_gate.limits.Limiter`, which lets each request wait for its turn within the
            call's time, so that the gate needn't refuse it (default: `None`).

    Raises:
        AIGateError: An argument is missing or wrong.

    Example:
        ```python
        import asyncio

        from ai_gate import AsyncAIGateClient

        async def main():
            async with AsyncAIGateClient(project_id="your-project-id") as client:
                session = await client.create_session(model="gpt-realtime", voice="marin")
                print("Session created:", session["session_id"])

        asyncio.run(main())
        ```
    """

    def __init__(
        self,
        project_id: str | None,
        base_url: str = DEFAULT_BASE_URL,
        timeout: float = DEFAULT_TIMEOUT,
        debug: bool = False,
        *,
        max_retries: int = DEFAULT_MAX_RETRIES,
        http_client: httpx.AsyncClient | None = None,
        limiter: "limits.Limiter | None" = None,
    ) -> None:
        config = Config.checked(
            project_id=project_id,
            base_url=base_url,
            timeout=timeout,
            debug=debug,
            max_retries=max_retries,
        )
        super().__init__(config, AsyncClients(config.base_url, http_client), limiter)

    @injectable
    @classmethod
    def from_env(cls, **options: Unpack[AsyncClientOptions]) -> Self:
        """Make a client from `AI_GATE_PROJECT_ID` and, if it is set, `AI_GATE_BASE_URL`.

        Args:
            options: The further arguments of the constructor; they go before the environment.

        Raises:
            AIGateError: The project ID isn't set, or an argument is wrong.

        Example:
            ```python
            import asyncio
            import os

            from ai_gate import AsyncAIGateClient

            async def main():
                async with AsyncAIGateClient.from_env(timeout=10.0) as client:
                    print((await client.create_session())["id"])

            os.environ["AI_GATE_PROJECT_ID"] = "your-project-id"
            asyncio.run(main())
            ```
        """
        return cls(**from_environment(options))

    async def create_session(
        self,
        model: Model | None = DEFAULT_MODEL,
        voice: Voice | None = DEFAULT_VOICE,
        temperature: float | None = DEFAULT_TEMPERATURE,
        instructions: str | None = DEFAULT_INSTRUCTIONS,
        *,
        extra_body: Mapping[str, object] | None = None,
    ) -> SessionResponse:
        """Create an OpenAI Realtime session. Each one is billed.

        None leaves a field out, and the gate or OpenAI decides.

        Args:
            model: The OpenAI Realtime model (default: `gpt-4o-realtime-preview-2024-10-01`, which
                OpenAI has retired: pass a current one).
            voice: The voice (default: `echo`). The documented ones are alloy, echo, fable, onyx,
                nova and shimmer; any name goes through, and the gate decides.
            temperature: The sampling temperature, from 0 to 1 (default: `0.7`).
            instructions: The system instructions (default: `You are a helpful assistant`).
            extra_body: Further fields of the session by their names, such as `tools` (default:
                `None`). They are sent as they are, also None, and go before the arguments of the
                same names; `project_id` can't be among them.

        Returns:
            The session as the gate sent it, with its client secret and TURN credentials.

        Raises:
            QuotaExceededError: The month's sessions are used up.
            RateLimitError: Too many requests for the project.
            ConcurrentLimitError: Too many live sessions of the project.
            APIConnectionError: No whole response came. If the request was sent, the session may
                have been created all the same.
            AIGateError: Anything else that went wrong; it is the parent of all the others.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main():
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    session = await client.create_session(
                        model="gpt-realtime",
                        voice="marin",
                        temperature=0.8,
                        instructions="You are a friendly customer support agent",
                    )
                    print(session["client_secret"]["expires_at"])

            asyncio.run(main())
            ```
        """
        operation = operations.create_session(
            self._config.project_id,
            model=model,
            voice=voice,
            temperature=temperature,
            instructions=instructions,
            extra_fields=operations.checked_extra_fields(extra_body),
        )
        response = await run_async(self._call(operation), self._clients, self._config)
        return cast(SessionResponse, response)

    async def get_turn_credentials(self) -> TurnCredentials:
        """Get ICE servers with TURN credentials, good for 600 seconds.

        A session carries them already.

        Returns:
            The ICE servers as the gate sent them.

        Raises:
            RateLimitError: Too many requests for the project.
            APIConnectionError: No whole response came.
            AIGateError: Anything else that went wrong; it is the parent of all the others.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main():
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    turn = await client.get_turn_credentials()
                    print("ICE servers:", len(turn["iceServers"]))

            asyncio.run(main())
            ```
        """
        operation = operations.get_turn_credentials(self._config.project_id)
        response = await run_async(self._call(operation), self._clients, self._config)
        return cast(TurnCredentials, response)

    async def close(self) -> None:
        """Close the client's connections. Closing it again does nothing.

        An injected `http_client` stays open.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main():
                client = AsyncAIGateClient(project_id="your-project-id")
                await client.close()

            asyncio.run(main())
            ```
        """
        await self._clients.aclose()

    def connect(
        self,
        model: Model | None = DEFAULT_MODEL,
        voice: Voice | None = DEFAULT_VOICE,
        temperature: float | None = DEFAULT_TEMPERATURE,
        instructions: str | None = DEFAULT_INSTRUCTIONS,
        *,
        extra_body: Mapping[str, object] | None = None,
        **options: "Unpack[call_options.CallOptions]",
    ) -> "webrtc.Connector":
        """Create a session and talk with the model: live voice over WebRTC, under asyncio.

        It needs the extra `webrtc`: `pip install "ai-gate[webrtc]"`. The session is created when
        the call is made. None leaves a field of it out, and the gate or OpenAI decides.

        Args:
            model: The OpenAI Realtime model (default: `gpt-4o-realtime-preview-2024-10-01`, which
                OpenAI has retired: pass a current one).
            voice: The voice (default: `echo`). The documented ones are alloy, echo, fable, onyx,
                nova and shimmer; any name goes through, and the gate decides.
            temperature: The sampling temperature, from 0 to 1 (default: `0.7`).
            instructions: The system instructions (default: `You are a helpful assistant`).
            extra_body: Further fields of the session by their names, such as `tools` (default:
                `None`). They are sent as they are, also None, and go before the arguments of the
                same names; `project_id` can't be among them.
            options: The further arguments of `ai_gate.webrtc.connect`: `audio`, `relay_only`,
                `ice_tcp`, `open_timeout`, `close_timeout`, `max_queue`, `api`, `realtime_url`,
                `http_client` and `event_names`.

        Returns:
            What `async with` makes one call of, and `async for` one call after another, each with
            a new session, which is billed.

        Raises:
            MissingDependencyError: aiortc isn't installed.
            AIGateError: An argument is wrong. What can go wrong later is told by
                `ai_gate.webrtc.connect` and `create_session`.

        Example:
            ```python
            import asyncio

            from ai_gate import AsyncAIGateClient

            async def main():
                async with AsyncAIGateClient(project_id="your-project-id") as client:
                    async with client.connect(model="gpt-realtime", voice="marin") as call:
                        await call.send({"type": "response.create"})
                        async for event in call:
                            if event["type"] == "response.done":
                                break

            asyncio.run(main())
            ```
        """
        connector = webrtc.connect(
            lambda: self.create_session(
                model, voice, temperature, instructions, extra_body=extra_body
            ),
            **options,
        )
        if self._limiter is not None:
            connector._release = self._limiter._release_soon
        return connector

    async def __aenter__(self) -> Self:
        self._clients.check_open()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
