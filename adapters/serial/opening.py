"""Open a port: local ones by their file, `tcp://host:port` by a connection. In place until gateway.ports does so."""

from __future__ import annotations

import asyncio
import os
import termios
import tty
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from typing_extensions import override

from gateway.adapter import AdapterError
from gateway.ports import SerialSettings

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)


class _File(asyncio.Transport):
    def __init__(self, loop: asyncio.AbstractEventLoop, fd: int, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._loop, self._fd, self._protocol = loop, fd, protocol
        self._open = True
        loop.add_reader(fd, self._read)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        try:
            os.write(self._fd, data)
        except OSError as error:
            self._end(error)

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def pause_reading(self) -> None:
        self._loop.remove_reader(self._fd)

    @override
    def resume_reading(self) -> None:
        if self._open:
            self._loop.add_reader(self._fd, self._read)

    @override
    def abort(self) -> None:
        self._end(None)

    async def set_baudrate(self, baudrate: int) -> None:
        """Nothing happens on a pseudo terminal."""

    def _read(self) -> None:
        try:
            data = os.read(self._fd, 4096)
        except OSError as error:
            self._end(error)
            return
        self._protocol.data_received(data)

    def _end(self, error: Exception | None) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._fd)
            self._loop.call_soon(self._protocol.connection_lost, error)
            os.close(self._fd)


async def connect(
    port: str,
    settings: SerialSettings,  # noqa: ARG001
    connect_timeout_s: float,
    make: Callable[[], asyncio.Protocol],
) -> asyncio.Transport:
    """Raises AdapterError."""
    loop = asyncio.get_running_loop()
    try:
        if port.startswith("tcp://"):
            where = urlsplit(port)
            async with asyncio.timeout(connect_timeout_s):
                transport, _ = await loop.create_connection(make, where.hostname or "", where.port or 0)
            return transport
        fd = os.open(port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(fd, termios.TCSANOW)
    except OSError as error:
        raise AdapterError(f"can't open {port}: {error}") from None
    protocol = make()
    file = _File(loop, fd, protocol)
    protocol.connection_made(file)
    return file
