"""The POST of an SDP offer: one exchange, as the gate's calls are."""

import re

import httpx

from ai_gate._call.exchange import Deadline, Exchange, Order
from ai_gate._http import AsyncClients, exchange_async
from ai_gate._http.client import tells_of_a_loop
from ai_gate._http.transport import DEFAULT_HEADERS
from ai_gate._redaction import MASK, SECRETS, HiddenInLogs, printable, without_frames
from ai_gate.errors import (
    AIGateError,
    APIConnectionError,
    APITimeoutError,
    InvalidResponseError,
)
from ai_gate.webrtc._types import SDP

CONTENT_TYPE = "application/sdp"

MAY_HAVE_BEGUN = "A call may have begun all the same."
"""What errors say if the offer can have arrived."""
UNUSABLE = (
    "The http_client was closed or belongs to another event loop: pass an open one of this loop. "
    + MAY_HAVE_BEGUN
)


class Poster:
    """Sends requests with a bearer token.

    Args:
        clients: Whose httpx client sends. Authentication, timeout and redirects of an app's aren't
            used.
        token: The bearer token.
        deadline: When the response must be there.
        within: What errors say of that time.
    """

    def __init__(
        self, clients: AsyncClients, token: str, deadline: Deadline, within: str = "in time"
    ) -> None:
        self._clients = clients
        self._token = token
        self._deadline = deadline
        self._within = within

    async def post(self, url: httpx.URL, offer: SDP) -> Exchange:
        """Send an offer and return the response: a whole one, or a refusal as far as it came.

        Raises:
            APIConnectionError: No response came, or not all of a success.
            InvalidResponseError: A success came, and can't be read.
            AIGateError: The client can't be used.
        """
        try:
            with HiddenInLogs(self._token):
                result = await exchange_async(self._order(url, offer), self._clients)
        except RuntimeError as failure:
            # Of an app's client, only the text tells in which loop it was used before.
            if not tells_of_a_loop(failure):
                raise
            problem = without_frames(failure)
        else:
            if result.failure is not None and not result.refused:
                raise self._error(result, result.failure) from result.failure
            return result
        raise AIGateError(UNUSABLE) from problem

    def masked(self, text: str) -> str:
        """Return a text with the token, and all that looks like a secret of OpenAI's, masked."""
        return re.sub(SECRETS, MASK, text.replace(self._token, MASK))

    def _order(self, url: httpx.URL, offer: SDP) -> Order:
        request = {
            "method": "POST",
            "url": url,
            # Else parameters of an app's client would take the place of the URL's.
            "params": url.params or None,
            "headers": {
                **DEFAULT_HEADERS,
                "Accept": "*/*",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": CONTENT_TYPE,
            },
            "content": offer.text.encode(),
        }
        return Order(request, self._deadline, auth=None)

    def _error(self, result: Exchange, failure: Exception) -> AIGateError:
        """Return the error for what ended an exchange."""
        if isinstance(failure, httpx.StreamError):
            return AIGateError(
                f"The SDP offer was answered with HTTP {result.status}, but a hook of the "
                f"http_client has closed the answer or read half of it. {MAY_HAVE_BEGUN}",
                result.status,
                headers=result.headers,
            )
        if isinstance(failure, RuntimeError):
            return AIGateError(UNUSABLE)
        through = f" through {result.proxy}" if result.proxy else ""
        reason = printable(self.masked(str(failure).rstrip(".") or type(failure).__name__))
        kind: type[AIGateError] = APITimeoutError if result.timed_out else APIConnectionError
        if not result.sent or isinstance(failure, httpx.LocalProtocolError):
            return kind(f"The SDP offer could not be sent{through}: {reason}.")
        if result.is_unreadable:
            kind = InvalidResponseError if result.status else APIConnectionError
            return kind(
                f"The answer to the SDP offer can't be read: {reason}. {MAY_HAVE_BEGUN}",
                result.status,
                body=bytes(result.body),
                headers=result.headers,
            )
        if result.timed_out:
            return kind(f"The SDP offer was not answered {self._within}{through}. {MAY_HAVE_BEGUN}")
        return kind(
            f"The connection{through} was lost before the SDP offer was answered: {reason}. "
            f"{MAY_HAVE_BEGUN}"
        )
