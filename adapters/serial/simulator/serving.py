"""Devices at a port: a socket or a pseudo terminal, and what is said over each connection."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from typing_extensions import override

from adapters.serial.simulator.place import Place
from gateway.ports.pseudo import PseudoTerminal, place_for

TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL})
"""Why a port can't be had: somebody has it, it is below 1024, or the address is another machine's."""


class Party(Protocol):
    """Who is at our end of one connection."""

    def hear(self, data: bytes) -> None:
        """What the other one says."""

    def leave(self) -> None:
        """The connection has ended."""


Make = Callable[[asyncio.Transport], Party]


class Room:
    """Who is there, and the connections to them."""

    def __init__(self, make: Make) -> None:
        self.make = make
        self.open: set[asyncio.Transport] = set()
        self.closed = False

    def close(self) -> None:
        """End every connection, for good."""
        self.closed = True
        for transport in tuple(self.open):
            transport.abort()


class Conversation(asyncio.Protocol):
    """One connection, or one line."""

    def __init__(self, room: Room) -> None:
        self._room = room

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._room.open.add(self._transport)
        self._party = self._room.make(self._transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._room.open.discard(self._transport)
        self._party.leave()

    @override
    def data_received(self, data: bytes) -> None:
        self._party.hear(data)


class At(NamedTuple):
    """Where it is served; `port` or `path`."""

    host: str = ""
    port: int = 0
    path: str = ""


@asynccontextmanager
async def serving(room: Room, place: Place) -> AsyncIterator[At]:
    """Serve for as long as the context lasts. Raises OSError, Rejected."""
    if place.is_serial:
        async with _on_a_line(room, place.path) as at:
            yield at
        return
    server = await _listening(room, place)
    try:
        yield At(place.host, server.sockets[0].getsockname()[1])
    finally:
        server.close()
        room.close()
        await server.wait_closed()


async def _listening(room: Room, place: Place) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(lambda: Conversation(room), place.host, place.port)
    except OSError as error:
        if not place.elsewhere or error.errno not in TAKEN:
            raise
        return await loop.create_server(lambda: Conversation(room), place.host, 0)


@asynccontextmanager
async def _on_a_line(room: Room, wanted: str) -> AsyncIterator[At]:
    path = place_for(wanted)
    _Plugged(room, path)
    try:
        yield At(path=str(path))
    finally:
        room.close()
        if not wanted:
            path.parent.rmdir()


class _Plugged(Conversation):
    """What is said over a pseudo terminal; one that was hung up is plugged in again at once, under the same name."""

    def __init__(self, room: Room, path: Path) -> None:
        super().__init__(room)
        self._path = path
        PseudoTerminal(asyncio.get_running_loop(), self, path)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if not self._room.closed:
            _Plugged(self._room, self._path)
