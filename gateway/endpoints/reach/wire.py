"""A socket to paho, a protocol to asyncio: connecting, TLS and writing never block the loop.

paho reads a packet in three small `recv`s and writes each with its own `send`; here these touch memory, and one
`recv` and one `send` of the loop serve all packets of a wake-up.
"""

from __future__ import annotations

import asyncio
import math
import socket
import ssl
from collections.abc import Callable

from typing_extensions import override

from gateway.endpoints.reach.troubles import about_first_bytes, about_tls

MAYBE_CERTIFICATE = "the connection was cut before a word: does it refuse our client certificate, or want one?"
MAYBE_TLS = "the connection was cut before a word: does this port speak TLS (mqtts://, wss://)?"


class Wire(asyncio.Protocol):
    """One connection; `on_data()` is called when there is something to read, `on_lost(error)` once at its end.

    Before it is open neither is called. `closed` is set when its end is over and the socket is closed.
    """

    cut_at_once = MAYBE_TLS
    """What is probable where a connection without TLS ends before a word."""
    cut_at_once_inside_tls = MAYBE_CERTIFICATE

    def __init__(self, on_data: Callable[[], None], on_lost: Callable[[Exception | None], None]) -> None:
        self._on_data = on_data
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.inbox = bytearray()
        """What has come and was not read."""
        self._outgoing: list[bytes] = []
        self._is_open = self._is_secure = self._was_heard = self._ended = False
        self._cause: Exception | None = None
        self.closed = asyncio.Event()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._attach(transport)
        self._opened()

    async def greet(self) -> None:
        """Once it is connected: whatever is to be said before MQTT. Raises OSError with a sentence."""

    @override
    def data_received(self, data: bytes) -> None:
        if not self._was_heard:
            self._was_heard = True
            strange = None if self._is_secure else about_first_bytes(data)
            if strange is not None:
                self._end(ConnectionError(strange))
                return
        self.inbox += data
        if self._is_open:
            self._on_data()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = True
        if self._is_open:
            self._on_lost(self._cause or self._in_words(exc))
        self.closed.set()

    def give_up_after(self, seconds: float) -> None:
        """When what was sent stays unconfirmed for so long, the kernel ends the connection (tcp(7))."""
        assert self._transport is not None
        sock: socket.socket = self._transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, math.ceil(seconds * 1000))

    def pending(self) -> int:
        """Bytes that can be read at once."""
        return len(self.inbox)

    def recv(self, buffer_size: int) -> bytes:
        """As a non-blocking socket's."""
        if not self.inbox:
            if self._ended:
                return b""
            raise BlockingIOError
        data = bytes(self.inbox[:buffer_size])
        del self.inbox[:buffer_size]
        return data

    def send(self, data: bytes | bytearray) -> int:
        """Take all of it; it leaves at the end of this turn of the loop."""
        if not self._may_send():
            raise ConnectionError("the connection is closed")
        if not self._outgoing:
            self._loop.call_soon(self.flush)
        self._outgoing.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Hand what was sent to the transport."""
        if self._outgoing and self._transport is not None:
            self._transport.write(b"".join(self._outgoing))
            self._outgoing.clear()

    def setblocking(self, flag: bool) -> None:
        """It never blocks."""

    def fileno(self) -> int:
        """The socket's, for paho's bookkeeping."""
        sock = self._transport.get_extra_info("socket") if self._transport is not None else None
        return sock.fileno() if sock is not None else -1

    def close(self) -> None:
        """Send what is left, then close."""
        if self._transport is not None:
            self.flush()
            self._transport.close()

    def abort(self) -> None:
        """Close without waiting for anything."""
        if self._transport is not None:
            self._transport.abort()

    def _attach(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._is_secure = transport.get_extra_info("sslcontext") is not None

    def _opened(self) -> None:
        """From now on its owner hears of it; what came too early is told when the owner is ready for it."""
        self._is_open = True
        if self.inbox:
            self._loop.call_soon(self._on_data)

    def _may_send(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def _end(self, cause: Exception) -> None:
        """Cut it; the owner hears of this cause."""
        self._cause = cause
        self.abort()

    def _in_words(self, error: Exception | None) -> Exception | None:
        if isinstance(error, ConnectionError) and not self._was_heard:
            return ConnectionError(self.cut_at_once_inside_tls if self._is_secure else self.cut_at_once)
        return ConnectionError(about_tls(error)) if isinstance(error, ssl.SSLError) else error
