"""The I/O of a call, sync and async: carry out what it orders and tell what happened."""

import time
from typing import Any

import anyio
import httpx

from ai_gate._call import Call
from ai_gate._exchange import Exchange, Send
from ai_gate._sender import AsyncHttpxClient, AsyncOwnConnections, HttpxClient, OwnConnections


def run(call: Call, sender: OwnConnections | HttpxClient) -> dict[str, Any]:
    """Carry out a call and return its answer."""
    try:
        order = next(call)
        while True:
            if order.delay:
                time.sleep(order.delay)
            order = call.send(_exchange(order, sender))
    except StopIteration as finished:
        return _answer(finished)


async def run_async(call: Call, sender: AsyncOwnConnections | AsyncHttpxClient) -> dict[str, Any]:
    """Carry out a call and return its answer."""
    try:
        order = next(call)
        while True:
            if order.delay:
                await anyio.sleep(order.delay)
            order = call.send(await _exchange_async(order, sender))
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
            _begin(exchange, response)
            for chunk in response.iter_bytes():
                _take(exchange, chunk, order, request)
        finally:
            response.close()
    except Exception as failure:
        if not sender.record(failure, request, exchange):
            raise
    return exchange


async def _exchange_async(order: Send, sender: AsyncOwnConnections | AsyncHttpxClient) -> Exchange:
    exchange = Exchange()
    request = sender.build(order.request, order.deadline)
    try:
        response = await sender.send(request, order.deadline)
        try:
            _begin(exchange, response)
            async for chunk in response.aiter_bytes():
                _take(exchange, chunk, order, request)
        finally:
            await response.aclose()
    except Exception as failure:
        if not sender.record(failure, request, exchange):
            raise
    return exchange


def _begin(exchange: Exchange, response: httpx.Response) -> None:
    exchange.status = response.status_code
    exchange.headers = response.headers


def _take(exchange: Exchange, chunk: bytes, order: Send, request: httpx.Request) -> None:
    exchange.body += chunk
    if order.deadline.left() <= 0:
        raise httpx.ReadTimeout("The time of the call is over", request=request)
