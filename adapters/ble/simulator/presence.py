"""One simulated device on the air: when it advertises, who can connect to it, and what a fault makes of that."""

from __future__ import annotations

import asyncio
import random
import secrets
import time

from adapters.ble.config import BleDevice, key_bytes
from adapters.ble.simulator.cabinet import Told
from adapters.ble.simulator.ether import Ether
from adapters.ble.simulator.faults import FLOOD_S, Fault
from adapters.ble.simulator.forge.private import RANDOM_BYTES, private_address
from adapters.ble.simulator.serving import Server
from adapters.ble.simulator.unit import Unit

JITTER_S = 0.01
"""That each advertisement is later, at random (Core Specification 6.0, Vol 6, Part B, 4.4.2.2.1, advDelay)."""
PACKETS_PER_S = 10
"""That a device may have sent since 1970. Its counter goes on where another simulation of it may have ended: a gateway
that remembers that would take a lower one for packets that somebody has recorded."""


class Presence:
    """Of a unit, from now on; it advertises as long as `advertise` runs. Raises Rejected."""

    def __init__(self, name: str, device: BleDevice, ether: Ether) -> None:
        self._key = key_bytes(device.identity_key) if device.identity_key is not None else None
        self._address = device.address or ""
        if self._key is not None:
            self._address = private_address(self._key, secrets.token_bytes(RANDOM_BYTES))
        self._ether = ether
        self.unit = Unit(name, device, self._address, int(time.time() * PACKETS_PER_S))
        self._server = Server(self.unit, self._address) if self.unit.cabinet.cells else None
        self._uuids = tuple(dict.fromkeys(place.service or "" for place in self.unit.cabinet.cells))
        self._hurry = asyncio.Event()
        self._count = 0
        if self._server is not None:
            ether.add(self._server.peripheral)

    def tell(self, told: Told | None) -> None:
        """Something was changed: notify it, if there is anything to be told."""
        if self._server is not None:
            self._server.tell(told)

    def hurry(self) -> None:
        """Advertise at once, since something has happened."""
        self._hurry.set()

    async def advertise(self, every_s: float) -> None:
        """For ever."""
        await asyncio.sleep(random.random() * every_s)
        while True:
            self._advertise()
            floods = self.unit.fault.floods
            if floods and self._server is not None:
                self._server.tell_all()
            await self._pause(FLOOD_S if floods else every_s + random.random() * JITTER_S)

    def spoil(self, fault: Fault) -> None:
        """Let this be wrong with it from now on."""
        self.unit.fault = fault
        if self._server is not None:
            self._server.let_in(connects=not fault.deaf)
        if fault.away:
            self._ether.lose(self._address)
        else:
            self._ether.find(self._address)
        if fault.moves:
            self._move()
        self.hurry()

    def _advertise(self) -> None:
        fault = self.unit.fault
        self._count += 1
        if fault.deaf:
            return
        if fault.loses(self._count - 1):
            self.unit.voice.next()  # it was sent, and its number is missing
        else:
            self._ether.hear(self._address, self.unit.voice, self._uuids, random=self._key is not None)

    async def _pause(self, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._hurry.wait()
        except TimeoutError:
            return
        self._hurry.clear()

    def _move(self) -> None:
        assert self._key is not None, "the simulation has seen to that"
        before, self._address = self._address, private_address(self._key, secrets.token_bytes(RANDOM_BYTES))
        self.unit.voice.move(self._address)
        if self._server is not None:
            self._server.peripheral.address = self._address
            self._ether.move(self._server.peripheral, before)
