"""Devices at a port: a socket or a pseudo terminal, and what is said over each connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol, cast

from typing_extensions import override

from adapters.serial.simulator.place import Place
from gateway.ports.serving import At, Connections, listening, on_a_line


class Party(Protocol):
    """Who is at our end of one connection."""

    def hear(self, data: bytes) -> None:
        """What the other one says."""

    def leave(self) -> None:
        """The connection has ended."""


Make = Callable[[asyncio.Transport], Party]


class Room(Connections):
    """Who is there, and the connections to them."""

    def __init__(self, make: Make) -> None:
        super().__init__()
        self.make = make


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


@asynccontextmanager
async def serving(room: Room, place: Place) -> AsyncIterator[At]:
    """Serve for as long as the context lasts. Raises OSError, Rejected."""
    if place.is_serial:
        async with on_a_line(room, place.path, lambda: Conversation(room)) as at:
            yield at
        return
    loop = asyncio.get_running_loop()

    async def listen(port: int) -> asyncio.Server:
        return await loop.create_server(lambda: Conversation(room), place.host, port)

    server = await listening(listen, place.port, elsewhere=place.elsewhere)
    try:
        yield At(place.host, server.sockets[0].getsockname()[1])
    finally:
        server.close()
        room.close()
        await server.wait_closed()
