"""What carries MQTT to the server: TLS, or a WebSocket in it."""

import asyncio
import http
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from typing_extensions import override
from websockets.asyncio.server import ServerConnection
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

WEBSOCKET_PATH = "/$iothub/websocket"
"""Of a hub and of DPS alike."""


class Line(Protocol):
    """One client's connection."""

    certificate: bytes | None
    """The client's, in DER."""

    def write(self, data: bytes) -> None: ...

    def cut(self) -> None:
        """End it without a word, once what was written has left."""

    def abort(self) -> None:
        """End it at once."""


class Talk(Protocol):
    """What is said on a line."""

    def feed(self, data: bytes) -> None: ...

    def lost(self) -> None: ...


Begin = Callable[[Line], Talk]


class TcpLine(asyncio.Protocol):
    """TLS on TCP."""

    certificate: bytes | None

    def __init__(self, begin: Begin, lines: set[Line]) -> None:
        self._begin = begin
        self._lines = lines

    @override
    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.certificate = _certificate(transport)
        self._lines.add(self)
        self._talk = self._begin(self)

    @override
    def data_received(self, data: bytes) -> None:
        self._talk.feed(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._lines.discard(self)
        self._talk.lost()

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    def cut(self) -> None:
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()


class WebSocketLine:
    """Binary messages in a WebSocket; where one ends means nothing (MQTT 3.1.1, 6)."""

    def __init__(self, websocket: ServerConnection) -> None:
        self._websocket = websocket
        self._outgoing: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.certificate = _certificate(websocket.transport)

    def write(self, data: bytes) -> None:
        self._outgoing.put_nowait(data)

    def cut(self) -> None:
        self._outgoing.put_nowait(None)

    def abort(self) -> None:
        self._websocket.transport.abort()

    async def serve(self, begin: Begin, lines: set[Line]) -> None:
        """Until it ends."""
        lines.add(self)
        talk = begin(self)
        writing = asyncio.ensure_future(self._write_all())
        try:
            async for message in self._websocket:
                talk.feed(message if isinstance(message, bytes) else message.encode())
        except ConnectionClosed:
            pass
        finally:
            lines.discard(self)
            talk.lost()
            self.cut()
            await writing

    async def _write_all(self) -> None:
        with suppress(ConnectionClosed):
            while (data := await self._outgoing.get()) is not None:
                await self._websocket.send(data)
        self._websocket.transport.close()


def only_this_path(_connection: ServerConnection, request: Request) -> Response | None:
    """404 for any other."""
    if request.path.partition("?")[0] == WEBSOCKET_PATH:
        return None
    return Response(http.HTTPStatus.NOT_FOUND.value, "Not Found", Headers(), b"")


def _certificate(transport: Any) -> bytes | None:
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    return tls.getpeercert(binary_form=True) if tls is not None else None
