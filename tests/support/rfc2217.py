"""A device server that speaks RFC 2217: pyserial's own side of it, in front of a port of this machine."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import serial
from serial.rfc2217 import PortManager
from typing_extensions import Buffer


class _Pty(serial.Serial):
    """A pseudo terminal has no modem lines, for which the server asks, and none to set, which it does."""

    def __init__(self, path: str) -> None:
        super().__init__(path, timeout=0)
        self.written: list[tuple[int, bytes]] = []
        """At which speed, and what."""

    def write(self, data: Buffer, /) -> int | None:
        if bytes(data):
            self.written.append((self.baudrate, bytes(data)))
        return super().write(data)

    cts = dsr = ri = cd = property(lambda _self: False)

    def _update_dtr_state(self) -> None:
        pass

    def _update_rts_state(self) -> None:
        pass


class DeviceServer:
    """Serves one client at a time; `line` is its port."""

    def __init__(self, path: str) -> None:
        self.line = _Pty(path)
        self.clients = 0
        self._transport: Any = None
        self._manager: Any = None

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    def write(self, data: bytes) -> None:
        """To the client, as the manager wants it."""
        if self._transport is not None:
            self._transport.write(data)

    def hang_up(self) -> None:
        self._transport.abort()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["DeviceServer"]:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), "127.0.0.1", 0)
        loop.add_reader(self.line.fileno(), self._forward)
        try:
            yield self
        finally:
            loop.remove_reader(self.line.fileno())
            self._server.close()
            if self._transport is not None:
                self._transport.abort()
            await self._server.wait_closed()
            self.line.close()

    def attach(self, transport: Any) -> None:
        self.clients += 1
        self._transport = transport
        self._manager = PortManager(self.line, self)  # type: ignore[arg-type]  # whatever has `write`

    def take(self, data: bytes) -> None:
        self.line.write(b"".join(self._manager.filter(data)))

    def _forward(self) -> None:
        self.write(b"".join(self._manager.escape(self.line.read(4096))))


class _Client(asyncio.Protocol):
    def __init__(self, server: DeviceServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._server.attach(transport)

    def data_received(self, data: bytes) -> None:
        self._server.take(data)
