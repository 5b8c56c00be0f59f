"""Where what devices advertise goes: to a simulated BlueZ, or over a socket to a gateway without one."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import msgspec
from typing_extensions import override

from adapters.ble.advert import Advert
from adapters.ble.simulator.bluez import Bluez, Radio
from adapters.ble.simulator.bus import Bus
from adapters.ble.simulator.forge.format import Packet

RADIO = "00:1A:7D:DA:71:13"
RSSI_DBM = -60


class Outlet(Protocol):
    """`place` is where the gateway finds it."""

    place: str

    def say(self, address: str, packet: Packet) -> None:
        """One advertisement."""

    def flush(self) -> int:
        """No more for now; how many bytes nobody has taken yet."""


@asynccontextmanager
async def air() -> AsyncIterator[Outlet]:
    """A BlueZ on a bus of its own."""
    async with Bus() as bus, Bluez(bus.address) as bluez:
        yield _Air(bus.address, bluez.add_radio(RADIO))


@asynccontextmanager
async def pipe(folder: Path) -> AsyncIterator[Outlet]:
    """A socket that the gateway connects to, as `fed` does; what is said before is lost."""
    path = folder / "adverts"
    opened = _Pipe(f"unix:path={path}")
    async with await asyncio.start_unix_server(opened.connected, path):
        yield opened
        opened.close()


class _Air(Outlet):
    def __init__(self, place: str, radio: Radio) -> None:
        self.place = place
        self._radio = radio

    @override
    def say(self, address: str, packet: Packet) -> None:
        name, manufacturer, services = packet.name, packet.manufacturer, packet.services
        self._radio.advertise(address, RSSI_DBM, name=name, manufacturer=manufacturer, services=services)

    @override
    def flush(self) -> int:
        return 0


HEAD = struct.Struct("<I")
"""Before advertisements in MessagePack, as a list: how many bytes they are."""


class _Pipe(Outlet):
    def __init__(self, place: str) -> None:
        self.place = place
        self._batch: list[Advert] = []
        self._writer: asyncio.StreamWriter | None = None

    def connected(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """The gateway is there."""
        self._writer = writer

    def close(self) -> None:
        """No more is said."""
        if self._writer is not None:
            self._writer.close()

    @override
    def say(self, address: str, packet: Packet) -> None:
        now_ms = time.time_ns() // 1_000_000
        manufacturer, services = dict(packet.manufacturer), dict(packet.services)
        self._batch.append(Advert(address, now_ms, RSSI_DBM, packet.name, None, manufacturer, services))

    @override
    def flush(self) -> int:
        batch, self._batch = self._batch, []
        if self._writer is None:
            return 0
        if batch:
            data = msgspec.msgpack.encode(batch)
            self._writer.write(HEAD.pack(len(data)) + data)
        return self._writer.transport.get_write_buffer_size()
