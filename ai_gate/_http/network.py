"""The network beneath httpcore: sockets that keep a call's deadline and know what went over them.

httpcore's own backends bound each read and each write apart, so a server that sends a byte now and
then could hold a sync caller for ever. An async call is cancelled at its deadline, so only the sync
side looks at the time here.

The async side waits for sockets and reads them itself instead of using a transport of the event
loop: nothing is read ahead where no check finds it, and a socket can be closed at any moment, in
any loop or none.
"""

import select
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any, NoReturn, TypeVar

import anyio
import httpcore
import httpx
from anyio.lowlevel import checkpoint

from ai_gate._call.exchange import Deadline
from ai_gate._http.dialing import dial, dial_async
from ai_gate._http.head import Head, more_within, status_and_body
from ai_gate._http.tls import TLS
from ai_gate._signals import is_of_a_handler, is_too_early

T = TypeVar("T")

AT_ONCE = 65_536
"""The bytes that are read at once, and the size of a response above which its connection is closed:
the gate's have 2 KB."""


PATIENCE = 10.0
"""How long an idle connection may take to respond if the request can be repeated, in seconds."""
STALL = 1.0
"""The seconds in which nothing of a request is taken, after which a response may end the writing.

A gate that refuses a large one can respond and read no more of it."""
UNUSUAL = 4.0
"""How many times as long as the last response a silence must be able to last, to tell anything."""


class StaleConnectionError(httpcore.ConnectError):
    """Something came on an idle connection, or its end, so nothing was sent over it."""


NO_REQUEST = httpx.Request("GET", "")


@dataclass(slots=True, eq=False)
class Attempt:
    """One attempt to send a request, which travels to the pool in the request's extensions.

    What wraps httpx, or httpcore beneath our pool, can respond to a request before it comes to the
    network. The class of an exception is then all that tells what happened.
    """

    deadline: Deadline
    request: httpx.Request = field(default=NO_REQUEST, repr=False)
    """The request, which shows the project ID wherever a variable with it is shown."""
    may_be_repeated: bool = False
    """Whether another attempt can follow if this one gets no response."""
    is_after_a_loss: bool = False
    """Whether the attempt before got no response, so that idle connections aren't trusted."""
    handled: BaseException | None = field(default=None, repr=False)
    """What the app was handling when it called."""
    on_network: bool = False
    """Whether the request came to our network backend."""
    written: bool = False
    """Whether a byte of the request was written, after the handshakes with a proxy and of TLS."""
    received: bytes = field(default=b"", repr=False)
    """What came in response, up to `AT_ONCE`, if the connection isn't used again."""
    abandon: Callable[[], None] | None = None
    """Closes the connection, as long as it serves this attempt."""


class Wire:
    """What a connection tells the pool: the attempt that it serves, and what came in response.

    Args:
        handshakes: The TLS handshakes that a new connection makes before a request is written:
            with the proxy, if its URL is https, and with the gate, if its is. What is written
            earlier, such as CONNECT, isn't part of a request.
        greetings: The messages to a SOCKS proxy that come before a request without TLS.
    """

    def __init__(self, handshakes: int, greetings: int = 0) -> None:
        self.handshakes = handshakes
        self.greetings = greetings
        self.attempt = Attempt(Deadline(0.0))
        self._next_byte_by: Deadline | None = None
        self._begun = 0.0
        self._latency = 0.0
        """How long the last response took to begin, in seconds."""
        self.is_reused = False
        """Whether it served another attempt before."""
        self.head = Head()
        self.received = bytearray()
        """What came since the request was sent, up to `AT_ONCE`."""
        self.is_cut = False
        """Whether more came than that."""
        self.is_unfinished = False
        """Whether the rest of the request wasn't sent, because the response came before."""
        self.refusal: Exception | None = None
        """Why h11 refuses what came. It isn't kept in a variable, which crash reporters show."""
        self.stream: Stream | None = None
        """The stream that requests are written to, once connected."""

    def begin(self, attempt: Attempt) -> None:
        """Begin an attempt.

        A NAT or a firewall can have forgotten an idle connection, and swallow what is sent. So if
        another attempt can follow over a new one, this one isn't given all the time, unless the
        gate is slow anyway.
        """
        self._next_byte_by, self._begun = None, time.monotonic()
        self.is_reused = self.stream is not None
        patience = min(PATIENCE, attempt.deadline.left() / 2)
        if self.is_reused and attempt.may_be_repeated and patience > UNUSUAL * self._latency:
            self._next_byte_by = Deadline(patience)
        self.attempt = attempt

    def refused(self) -> Exception:
        """Return why h11 refuses what came, once."""
        refusal, self.refusal = self.refusal, None
        return refusal or httpcore.RemoteProtocolError()

    def forget(self) -> None:
        """Forget what came: it isn't part of a response."""
        self.head = Head()
        self.received.clear()
        self.is_cut = False
        self.is_unfinished = False

    def expects_more(self) -> bool:
        """Return True if more is to come of a success that h11 may refuse, and wait no longer."""
        if self.is_cut or not self.attempt.written:
            return False
        seconds = more_within(bytes(self.received))
        self._next_byte_by = Deadline(seconds)
        return seconds > 0

    def note_read(self, data: bytes) -> None:
        """Note what came."""
        if not self.received:
            self._latency = time.monotonic() - self._begun
        self._next_byte_by = None
        self.received += data[: AT_ONCE - len(self.received)]
        self.is_cut = self.is_cut or len(self.received) == AT_ONCE

    def left(self, too_late: type[Exception]) -> float:
        """Return the seconds that are left of the call's time, and raise if none are."""
        seconds = self._left()
        if seconds <= 0:
            raise too_late("The time is over")
        return seconds

    def is_too_early(self, failure: OSError) -> bool:
        """Return True if a timeout isn't the socket's own, because its time isn't over."""
        return is_too_early(failure, self._left())

    def _left(self) -> float:
        return min(self.attempt.deadline.left(), self.patience())

    def patience(self) -> float:
        """Return the seconds that the next byte of a response still has."""
        return self._next_byte_by.left() if self._next_byte_by else inf


class NetworkBackend(httpcore.NetworkBackend):
    """Connects in the time that is left."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to a host."""
        self._wire.attempt.on_network = True
        connected = dial(host, port, self._left)
        return NetworkStream(connected, self._wire)

    def _left(self) -> float:
        return self._wire.left(httpcore.ConnectTimeout)


class AsyncNetworkBackend(httpcore.AsyncNetworkBackend):
    """Connects in any event loop."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host."""
        self._wire.attempt.on_network = True
        connected = await dial_async(host, port)
        return AsyncNetworkStream(connected, self._wire)


class Stream:
    """A connected socket, with TLS over it once or twice: what both sides share.

    httpcore writes the head and the body of a request apart. They leave together when the response
    is read, which saves a system call and, over TLS, a record.
    """

    def __init__(self, connected: socket.socket, wire: Wire, layers: tuple[TLS, ...] = ()) -> None:
        self._socket = connected
        self._wire = wire
        self._layers = layers
        self._unwritten = bytearray()
        self._early = bytearray()
        """What came before the request had gone."""
        wire.stream = self

    def holds_nothing(self) -> bool:
        """Return True if it is certain that nothing more has come."""
        return not _is_ready(self._socket) and all(tls.holds_nothing() for tls in self._layers)

    def get_extra_info(self, info: str) -> Any:
        """Tell about the socket, in httpcore's words."""
        match info:
            case "ssl_object":
                return self._layers[-1].object if self._layers else None
            case "client_addr":
                return self._socket.getsockname()
            case "server_addr":
                return self._socket.getpeername()
            case "socket":
                return self._socket
            case "is_readable":
                return not self.holds_nothing()
        return None

    def close_socket(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _raise(
        self, failure: OSError, timeout: type[Exception], error: type[Exception]
    ) -> NoReturn:
        """Raise a failure of the network as httpcore names it.

        What a signal handler or another library's time limit raises while a socket is waited for
        passes through, even if it is an OSError, as a TimeoutError is: the network's have a number.
        """
        has_no_number = failure.errno is None and not isinstance(failure, TimeoutError)
        if has_no_number or is_of_a_handler(failure) or self._wire.is_too_early(failure):
            raise failure
        name = timeout if isinstance(failure, TimeoutError) else error
        raise name(str(failure)) from failure

    def _close_unless_read_on(self) -> None:
        """Close the socket, or leave it to the pool, which reads on if h11 refuses what came."""
        if not self._wire.expects_more():
            self.close_socket()

    def _take(self) -> memoryview:
        """Take what waits to be written, and note that the request begins to leave.

        What shows the variables of a failure would show the project ID in bytes.

        Raises:
            StaleConnectionError: More came since the connection was taken from the idle ones: the
                event loop can have done other things. It would be read as the response.
        """
        self._wire.attempt.on_network = True
        if self._wire.is_reused and not self._wire.attempt.written and not self.holds_nothing():
            raise StaleConnectionError("The idle connection has ended")
        data = memoryview(bytes(self._unwritten))
        self._unwritten.clear()
        if self._wire.greetings:
            self._wire.greetings -= 1
        elif len(self._layers) >= self._wire.handshakes and not self._wire.attempt.written:
            self._wire.attempt.written = True
            self._wire.forget()
        return data

    def _is_over(self) -> bool:
        """Return True if a refusal, a whole success or the end came before the request had gone."""
        if self._wire.attempt.written and _is_ready(self._socket):
            data = self._socket.recv(AT_ONCE)
            has_ended = not data
            for tls in self._layers if data else ():
                tls.feed(data)
                if not (data := tls.available()):
                    break
            self._early += data
            early = bytes(self._early)
            # The rest of a success can wait for the rest of the request.
            is_whole = status_and_body(early)[0] is not None and not more_within(early)
            self._wire.is_unfinished = has_ended or is_whole
        return self._wire.is_unfinished

    def _taken_early(self) -> bytes:
        data = bytes(self._early)
        self._early.clear()
        return data


class NetworkStream(Stream, httpcore.NetworkStream):
    """Reads and writes in the time that is left."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Write what waits, and read what has come."""
        if self._unwritten:
            try:
                self._send(self._layers, self._take())
            except OSError as failure:
                # A server can respond and hang up before it has read all of a request.
                with suppress(httpcore.WriteError):
                    self._raise(failure, httpcore.WriteTimeout, httpcore.WriteError)
        while True:
            try:
                data = self._taken_early() or self._receive(self._layers)
            except OSError as failure:
                self._raise(failure, httpcore.ReadTimeout, httpcore.ReadError)
            self._wire.note_read(data)
            if (readable := self._wire.head.take(data)) or not data:
                return readable

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Let a buffer wait until the response is read."""
        self._unwritten += buffer

    def close(self) -> None:
        """Close the socket."""
        self._close_unless_read_on()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands: with the gate, with a proxy, or with the gate through a proxy."""
        layers = (*self._layers, TLS(ssl_context, server_hostname))
        try:
            self._over_tls(layers, layers[-1].shake_hands)
        except OSError as failure:
            self._raise(failure, httpcore.ConnectTimeout, httpcore.ConnectError)
        return NetworkStream(self._socket, self._wire, layers)

    def _receive(self, layers: Sequence[TLS]) -> bytes:
        if layers:
            return self._over_tls(layers, layers[-1].read)
        self._socket.settimeout(self._wire.left(httpcore.ReadTimeout))
        return self._socket.recv(AT_ONCE)

    def _send(self, layers: Sequence[TLS], data: bytes | memoryview) -> None:
        if layers:
            self._over_tls(layers, lambda: layers[-1].object.write(data))
            return
        rest = memoryview(data)
        while rest:
            left = self._wire.left(httpcore.WriteTimeout)
            self._socket.settimeout(left)
            is_first = len(rest) == len(data)
            if is_first or _is_ready(self._socket, to_write=True, seconds=min(left, STALL)):
                rest = rest[self._socket.send(rest) :]
            elif self._is_over():
                return

    def _over_tls(self, layers: Sequence[TLS], step: Callable[[], T]) -> T:
        """Carry out a step of the last layer's TLS over those below it."""
        *below, tls = layers
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._send(below, tls.outgoing.read())
                tls.feed(self._receive(below))
            else:
                self._send(below, tls.outgoing.read())
                return result


class AsyncNetworkStream(Stream, httpcore.AsyncNetworkStream):
    """Reads and writes without a transport of the event loop."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Write what waits, and read what has come."""
        if self._unwritten:
            try:
                await self._send(self._layers, self._take())
            except OSError as failure:
                # A server can respond and hang up before it has read all of a request.
                with suppress(httpcore.WriteError):
                    self._raise(failure, httpcore.WriteTimeout, httpcore.WriteError)
        while True:
            try:
                data = self._taken_early() or await self._receive(self._layers)
            except OSError as failure:
                self._raise(failure, httpcore.ReadTimeout, httpcore.ReadError)
            self._wire.note_read(data)
            if (readable := self._wire.head.take(data)) or not data:
                return readable

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Let a buffer wait until the response is read."""
        self._unwritten += buffer

    async def aclose(self) -> None:
        """Close the socket."""
        self._close_unless_read_on()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands: with the gate, with a proxy, or with the gate through a proxy."""
        layers = (*self._layers, TLS(ssl_context, server_hostname))
        try:
            await self._over_tls(layers, layers[-1].shake_hands)
        except OSError as failure:
            self._raise(failure, httpcore.ConnectTimeout, httpcore.ConnectError)
        return AsyncNetworkStream(self._socket, self._wire, layers)

    async def _receive(self, layers: Sequence[TLS]) -> bytes:
        if layers:
            return await self._over_tls(layers, layers[-1].read)
        has_waited = False
        while True:
            with suppress(BlockingIOError):
                data = self._socket.recv(AT_ONCE)
                if not has_waited:
                    # A server that sends without a pause would hold the loop, and the deadline.
                    await checkpoint()
                return data
            # It raises a TimeoutError, as a sync socket does.
            with anyio.fail_after(self._wire.patience()):
                await anyio.wait_readable(self._socket)
            has_waited = True

    async def _send(self, layers: Sequence[TLS], data: bytes | memoryview) -> None:
        if layers:
            await self._over_tls(layers, lambda: layers[-1].object.write(data))
            return
        rest = memoryview(data)
        while rest:
            with suppress(BlockingIOError):
                rest = rest[self._socket.send(rest) :]
                continue
            with anyio.move_on_after(STALL) as scope:
                await anyio.wait_writable(self._socket)
            if scope.cancelled_caught and self._is_over():
                return

    async def _over_tls(self, layers: Sequence[TLS], step: Callable[[], T]) -> T:
        """Carry out a step of the last layer's TLS over those below it."""
        *below, tls = layers
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                await self._send(below, tls.outgoing.read())
                tls.feed(await self._receive(below))
            else:
                await self._send(below, tls.outgoing.read())
                return result


def _is_ready(connected: socket.socket, *, to_write: bool = False, seconds: float = 0.0) -> bool:
    """Return True if there is something to be read, or room to write, or the other end hung up."""
    if connected.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        # Windows, where the limit of 1,024 descriptors doesn't hold.
        readers, writers = ([], [connected]) if to_write else ([connected], [])
        return any(select.select(readers, writers, [], seconds))
    poll = select.poll()
    poll.register(connected, select.POLLOUT if to_write else select.POLLIN)
    return bool(poll.poll(seconds * 1_000))
