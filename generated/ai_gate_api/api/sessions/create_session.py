from http import HTTPStatus
from typing import Any

import httpx

from ...client import AuthenticatedClient, Client
from ...models.concurrent_limit_response import ConcurrentLimitResponse
from ...models.create_session_request import CreateSessionRequest
from ...models.error_response import ErrorResponse
from ...models.quota_exceeded_response import QuotaExceededResponse
from ...models.rate_limit_response import RateLimitResponse
from ...models.session_response import SessionResponse
from ...types import Response


def _get_kwargs(
    *,
    body: CreateSessionRequest,
) -> dict[str, Any]:
    headers: dict[str, Any] = {}

    _kwargs: dict[str, Any] = {
        "method": "post",
        "url": "/session",
    }

    _kwargs["json"] = body.to_dict()

    headers["Content-Type"] = "application/json"

    _kwargs["headers"] = headers
    return _kwargs


def _parse_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> (
    ConcurrentLimitResponse
    | ErrorResponse
    | RateLimitResponse
    | ErrorResponse
    | QuotaExceededResponse
    | SessionResponse
    | str
):
    if response.status_code == 200:
        response_200 = SessionResponse.from_dict(response.json())

        return response_200

    if response.status_code == 400:
        response_400 = ErrorResponse.from_dict(response.json())

        return response_400

    if response.status_code == 401:
        response_401 = ErrorResponse.from_dict(response.json())

        return response_401

    if response.status_code == 402:
        response_402 = QuotaExceededResponse.from_dict(response.json())

        return response_402

    if response.status_code == 429:

        def _parse_response_429(
            data: object,
        ) -> ConcurrentLimitResponse | ErrorResponse | RateLimitResponse:
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_429_type_0 = RateLimitResponse.from_dict(data)

                return response_429_type_0
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            try:
                if not isinstance(data, dict):
                    raise TypeError()
                response_429_type_1 = ConcurrentLimitResponse.from_dict(data)

                return response_429_type_1
            except (TypeError, ValueError, AttributeError, KeyError):
                pass
            if not isinstance(data, dict):
                raise TypeError()
            response_429_type_2 = ErrorResponse.from_dict(data)

            return response_429_type_2

        response_429 = _parse_response_429(response.json())

        return response_429

    if response.status_code == 500:
        response_500 = ErrorResponse.from_dict(response.json())

        return response_500

    if response.status_code == 503:
        response_503 = ErrorResponse.from_dict(response.json())

        return response_503

    if 500 <= response.status_code <= 599:
        response_5xx = response.text
        return response_5xx

    response_default = ErrorResponse.from_dict(response.json())

    return response_default


def _build_response(
    *, client: AuthenticatedClient | Client, response: httpx.Response
) -> Response[
    ConcurrentLimitResponse
    | ErrorResponse
    | RateLimitResponse
    | ErrorResponse
    | QuotaExceededResponse
    | SessionResponse
    | str
]:
    return Response(
        status_code=HTTPStatus(response.status_code),
        content=response.content,
        headers=response.headers,
        parsed=_parse_response(client=client, response=response),
    )


def sync_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: CreateSessionRequest,
) -> Response[
    ConcurrentLimitResponse
    | ErrorResponse
    | RateLimitResponse
    | ErrorResponse
    | QuotaExceededResponse
    | SessionResponse
    | str
]:
    """Create a session

     Mints an OpenAI Realtime session with the key in the project's vault. Each success is billed, so a
    client
    sends a request again only where it is certain that the first was never processed.

    Args:
        body (CreateSessionRequest): What the session is to be. Everything but the project ID has
            a default. The gate hands any other field to
            OpenAI, for example `tools` and `turn_detection`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ConcurrentLimitResponse | ErrorResponse | RateLimitResponse | ErrorResponse | QuotaExceededResponse | SessionResponse | str]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = client.get_httpx_client().request(
        **kwargs,
    )

    return _build_response(client=client, response=response)


def sync(
    *,
    client: AuthenticatedClient | Client,
    body: CreateSessionRequest,
) -> (
    ConcurrentLimitResponse
    | ErrorResponse
    | RateLimitResponse
    | ErrorResponse
    | QuotaExceededResponse
    | SessionResponse
    | str
    | None
):
    """Create a session

     Mints an OpenAI Realtime session with the key in the project's vault. Each success is billed, so a
    client
    sends a request again only where it is certain that the first was never processed.

    Args:
        body (CreateSessionRequest): What the session is to be. Everything but the project ID has
            a default. The gate hands any other field to
            OpenAI, for example `tools` and `turn_detection`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ConcurrentLimitResponse | ErrorResponse | RateLimitResponse | ErrorResponse | QuotaExceededResponse | SessionResponse | str
    """

    return sync_detailed(
        client=client,
        body=body,
    ).parsed


async def asyncio_detailed(
    *,
    client: AuthenticatedClient | Client,
    body: CreateSessionRequest,
) -> Response[
    ConcurrentLimitResponse
    | ErrorResponse
    | RateLimitResponse
    | ErrorResponse
    | QuotaExceededResponse
    | SessionResponse
    | str
]:
    """Create a session

     Mints an OpenAI Realtime session with the key in the project's vault. Each success is billed, so a
    client
    sends a request again only where it is certain that the first was never processed.

    Args:
        body (CreateSessionRequest): What the session is to be. Everything but the project ID has
            a default. The gate hands any other field to
            OpenAI, for example `tools` and `turn_detection`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        Response[ConcurrentLimitResponse | ErrorResponse | RateLimitResponse | ErrorResponse | QuotaExceededResponse | SessionResponse | str]
    """

    kwargs = _get_kwargs(
        body=body,
    )

    response = await client.get_async_httpx_client().request(**kwargs)

    return _build_response(client=client, response=response)


async def asyncio(
    *,
    client: AuthenticatedClient | Client,
    body: CreateSessionRequest,
) -> (
    ConcurrentLimitResponse
    | ErrorResponse
    | RateLimitResponse
    | ErrorResponse
    | QuotaExceededResponse
    | SessionResponse
    | str
    | None
):
    """Create a session

     Mints an OpenAI Realtime session with the key in the project's vault. Each success is billed, so a
    client
    sends a request again only where it is certain that the first was never processed.

    Args:
        body (CreateSessionRequest): What the session is to be. Everything but the project ID has
            a default. The gate hands any other field to
            OpenAI, for example `tools` and `turn_detection`.

    Raises:
        errors.UnexpectedStatus: If the server returns an undocumented status code and Client.raise_on_unexpected_status is True.
        httpx.TimeoutException: If the request takes longer than Client.timeout.

    Returns:
        ConcurrentLimitResponse | ErrorResponse | RateLimitResponse | ErrorResponse | QuotaExceededResponse | SessionResponse | str
    """

    return (
        await asyncio_detailed(
            client=client,
            body=body,
        )
    ).parsed
