"""The I/O of a call, sync and async: carry out what it orders and tell what happened."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpx

from ai_gate._call import Call
from ai_gate._exchange import Exchange, Send
from ai_gate._sender import AsyncHttpxClient, AsyncOwnConnections, HttpxClient, OwnConnections


def run(call: Call, sender: OwnConnections | HttpxClient) -> dict[str, Any]:
    """Carry out a call and return its answer."""
    order = next(call)
    while True:
        if order.delay:
            time.sleep(order.delay)
        exchange = _exchange(order, sender)
        try:
            order = call.send(exchange)
        except StopIteration as finished:
            return _answer(finished)


async def run_async(call: Call, sender: AsyncOwnConnections | AsyncHttpxClient) -> dict[str, Any]:
    """Carry out a call and return its answer."""
    order = next(call)
    while True:
        if order.delay:
            await anyio.sleep(order.delay)
        exchange = await _exchange_async(order, sender)
        try:
            order = call.send(exchange)
        except StopIteration as finished:
            return _answer(finished)


def _answer(finished: StopIteration) -> dict[str, Any]:
    answer: dict[str, Any] = finished.value
    return answer


def _exchange(order: Send, sender: OwnConnections | HttpxClient) -> Exchange:
    exchange = Exchange()
    request = sender.build(order.request, order.deadline)
    try:
        response = sender.send(request, order.deadline)
        try:
            if _begin(exchange, response):
                with _to_the_end(exchange, response):
                    for chunk in response.iter_raw():
                        exchange.body += chunk
                        sender.check_time(exchange, request, order.deadline)
        finally:
            response.close()
    except Exception as failure:
        if not sender.record(failure, request, exchange):
            raise
    return exchange


async def _exchange_async(order: Send, sender: AsyncOwnConnections | AsyncHttpxClient) -> Exchange:
    exchange = Exchange()
    request = sender.build(order.request, order.deadline)

    async def work() -> None:
        response = await sender.send(request, order.deadline)
        try:
            if _begin(exchange, response):
                with _to_the_end(exchange, response):
                    async for chunk in response.aiter_raw():
                        exchange.body += chunk
        finally:
            await response.aclose()

    try:
        await sender.in_time(work, request, order.deadline)
    except Exception as failure:
        if not sender.record(failure, request, exchange):
            raise
    return exchange


def _begin(exchange: Exchange, response: httpx.Response) -> bool:
    """Note the head of an answer; whether its body is still to come, or a hook has read it."""
    exchange.status = response.status_code
    exchange.headers = response.headers
    if not response.is_stream_consumed:
        return True
    try:
        exchange.body += response.content
        exchange.is_whole = True
    except httpx.ResponseNotRead as failure:
        exchange.failure = failure
    return False


@contextmanager
def _to_the_end(exchange: Exchange, response: httpx.Response) -> Iterator[None]:
    """Note that the body is whole, also where closing the answer fails or is cut off.

    httpx closes it after the last byte, before the loop over the body ends.
    """
    try:
        yield
    except BaseException as failure:
        if not response.is_closed:
            raise
        _end(exchange)
        if not isinstance(failure, Exception):
            raise
    else:
        _end(exchange)


def _end(exchange: Exchange) -> None:
    """Undo the content encoding of a whole body; what can't be decoded stays as it came."""
    exchange.is_whole = True
    if "content-encoding" not in exchange.headers:
        return
    try:
        decoded = httpx.Response(200, headers=exchange.headers, content=bytes(exchange.body))
    except httpx.DecodingError as failure:
        exchange.undecodable = failure
    else:
        exchange.body[:] = decoded.content
