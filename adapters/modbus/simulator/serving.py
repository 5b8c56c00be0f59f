"""Units at a port: a socket or a pseudo terminal, and what is said over each connection."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import cast

from typing_extensions import override

from adapters.modbus.config.link import NUMBERED
from adapters.modbus.simulator.asked import Asked, Hopeless, frames_of
from adapters.modbus.simulator.place import Place
from adapters.modbus.simulator.unit import Unit, react
from gateway.ports.serving import At, Connections, listening, on_a_line

SILENCE_S = 0.02
"""What a request may pause within itself: many times a silent interval, for what lies between is a scheduler."""


class Room(Connections):
    """Who is there, where, and the connections to them."""

    def __init__(self, units: Mapping[int, Unit], place: Place) -> None:
        super().__init__()
        self.units = units
        self.place = place


class Conversation(asyncio.Protocol):
    """One connection, or one line."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._frames = frames_of(room.place.transport)
        self._loop = asyncio.get_running_loop()
        self._silence: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._room.open.add(self._transport)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._room.open.discard(self._transport)
        self._listen()

    @override
    def data_received(self, data: bytes) -> None:
        self._listen()
        try:
            found = self._frames.feed(data)
        except Hopeless:
            self._transport.abort()
            return
        for asked in found:
            self._react(asked)
        if self._room.place.transport not in NUMBERED and not self._transport.is_closing():
            self._silence = self._loop.call_later(SILENCE_S, self._quiet)

    def _listen(self) -> None:
        if self._silence is not None:
            self._silence.cancel()

    def _quiet(self) -> None:
        for asked in self._frames.silence():
            self._react(asked)

    def _react(self, asked: Asked) -> None:
        reaction = react(self._room.units, self._room.place.transport, self._frames, asked)
        if reaction.hangs_up:
            self._transport.abort()
        for after_s, data in reaction.said:
            if after_s:
                self._loop.call_later(after_s, self._say, data)
            else:
                self._say(data)

    def _say(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


class Post(asyncio.DatagramProtocol):
    """Requests in datagrams of their own."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._loop = asyncio.get_running_loop()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        frames = frames_of(self._room.place.transport)
        with suppress(Hopeless):
            for asked in frames.feed(data):
                reaction = react(self._room.units, self._room.place.transport, frames, asked)
                for after_s, answer in reaction.said:
                    self._loop.call_later(after_s, self._send, answer, addr)

    def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(data, addr)


@asynccontextmanager
async def serving(room: Room) -> AsyncIterator[At]:
    """Serve for as long as the context lasts. Raises OSError, Rejected."""
    place = room.place
    if place.is_serial:
        async with on_a_line(room, place.path, lambda: Conversation(room)) as at:
            yield at
        return
    server, port = await listening(partial(_listening, room), place.port, elsewhere=place.elsewhere)
    try:
        yield At(place.host, port)
    finally:
        server.close()
        room.close()
        if isinstance(server, asyncio.Server):
            await server.wait_closed()


async def _listening(room: Room, port: int) -> tuple[asyncio.Server | asyncio.DatagramTransport, int]:
    loop, place = asyncio.get_running_loop(), room.place
    if place.transport == "udp":
        transport, _ = await loop.create_datagram_endpoint(lambda: Post(room), local_addr=(place.host, port))
        return transport, transport.get_extra_info("sockname")[1]
    context = await asyncio.to_thread(_tls, place) if place.transport == "tls" else None
    server = await loop.create_server(lambda: Conversation(room), place.host, port, ssl=context)
    return server, server.sockets[0].getsockname()[1]


def _tls(place: Place) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place.cert or "", place.key)
    return context
