"""A visit to a device: it is found, a slot is had for it, it is connected, and left again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from enum import Enum

from bleak.backends.device import BLEDevice

from adapters.ble.config import Attribute, BleDevice
from adapters.ble.gatt.connecting import SEEK_S, Connecting, Manner
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.room import Room
from adapters.ble.gatt.slots import Seat
from adapters.ble.gatt.trouble import Trouble, Why

FIND_S = 30.0
"""For a device to be heard at first before it is called out of range: some advertise each ten seconds only."""
HURRY_S = 5.0
"""A command goes before who has begun to wait so much earlier."""
DOUBTFUL_S = 10.0
"""Who did not take a connection last time waits so much longer for its next try while others want one."""
UNFOUND = Trouble(Why.OUT_OF_RANGE, "it was not heard in time: is it on, and near enough?")
UNTAKEN = Trouble(Why.UNREACHABLE, "it did not take the connection in time")


class Haste(Enum):
    """Why it is visited, and what is known of it."""

    COMMAND = "somebody waits"
    USUAL = "it is time"
    DOUBTFUL = "it failed last time"
    DEAD = "it has failed again and again"


AFTER_S = {Haste.COMMAND: -HURRY_S, Haste.USUAL: 0.0, Haste.DOUBTFUL: DOUBTFUL_S, Haste.DEAD: DOUBTFUL_S}


class Visits:
    """To one device, which has these attributes if it is the one that is meant."""

    def __init__(self, name: str, device: BleDevice, attributes: Sequence[Attribute], room: Room) -> None:
        self.connecting = Connecting(name, device.gatt, room)
        self.count = 0
        self._name = name
        self._device = device
        self._attributes = attributes
        self._room = room
        self._left_s = -FIND_S
        self._refreshed = False
        self._seeks = False
        self._loop = asyncio.get_running_loop()

    def is_near(self, address: str) -> bool:
        """Whether it is worth a try."""
        return self._room.is_near(address, self._left_s)

    @property
    def hindrance(self) -> Trouble | None:
        """What is waited for that the device has to do; None: it is not its fault."""
        if self._seeks:
            return UNFOUND
        return UNTAKEN if self.connecting.is_trying else None

    @asynccontextmanager
    async def visit(
        self, address: str, haste: Callable[[], Haste], heed: Callable[[], object]
    ) -> AsyncIterator[tuple[Connection, Seat]]:
        """Connected meanwhile, with such haste once it is found; `heed` that others want the seat. Raises Trouble."""
        find_s = SEEK_S if self.count else FIND_S
        self._seeks = True
        try:
            found = await self._room.found(address, self._left_s, find_s)
        finally:
            self._seeks = False
        if found is None:
            raise Trouble(Why.OUT_OF_RANGE, f"it has not been heard for {find_s:g} s: is it on, and near enough?")
        manner = self._manner(haste())
        kept = self._device.keeps
        async with self._room.slots.seat(self._name, heed, kept=kept, after_s=manner.after_s) as seat:
            connection = await self._connected(found, manner)
            self.count += 1
            try:
                yield connection, seat
            finally:
                is_lost = connection.lost.done()
                await connection.close()
                self._left_s = -FIND_S if is_lost else self._loop.time()
                if is_lost:
                    self._room.miss(address)

    def hurry(self) -> None:
        """Somebody has a command for it, while it waits for its turn."""
        due_s = self._loop.time() - HURRY_S
        self._room.slots.hurry(self._name, due_s)
        self._room.connecting.hurry(self._name, due_s)

    def _manner(self, haste: Haste) -> Manner:
        attempts = 1 if haste is Haste.DEAD else self._device.gatt.attempts
        return Manner(attempts, AFTER_S[haste], gives_way=haste is Haste.DEAD)

    async def _connected(self, found: BLEDevice, manner: Manner) -> Connection:
        """What it does not have may only be what BlueZ remembers wrongly of it: that is then looked at anew, once."""
        connection = await self.connecting.connected(found, manner)
        try:
            if not connection.missing(self._attributes):
                self._refreshed = False
                return connection
            if self._refreshed or self._device.gatt.pairs:  # to forget it would end the pairing, too
                return connection
            self._refreshed = True
            await self._room.radio.forget(found)
        except BaseException:
            await connection.close()
            raise
        await connection.close()
        fresh = await self._room.heard_anew(found.address, SEEK_S)
        if fresh is None:
            raise Trouble(
                Why.OUT_OF_RANGE, f"it has not been heard for {SEEK_S:g} s, since its services were forgotten"
            )
        return await self.connecting.connected(fresh, manner)
