"""Everybody on one radio who is connected to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

from adapters.ble.air.radio import Radio
from adapters.ble.air.tapping import Tapping
from adapters.ble.config import BleDevice, key_bytes
from adapters.ble.decoders.identity import resolves
from adapters.ble.gatt.commands import Commands
from adapters.ble.gatt.crowd import connects
from adapters.ble.gatt.job import Look
from adapters.ble.gatt.party import GattParty
from adapters.ble.gatt.room import Room
from adapters.ble.items import Item, Tell
from gateway.model import Result


class Parties:
    """Each `run` beside the others; where one changes its address, it is found by what is heard."""

    def __init__(self, radio: Radio, devices: Mapping[str, BleDevice], emit: Tell, tapping: Tapping) -> None:
        connected = {name: device for name, device in devices.items() if connects(device)}
        room = self._room = Room(radio, connected, tapping)
        self._devices = devices
        self._parties = {name: GattParty(name, device, room, emit) for name, device in connected.items()}
        self._sought = [
            (party, key_bytes(party.device.identity_key))
            for party in self._parties.values()
            if party.device.identity_key is not None
        ]
        self._strangers: set[str] = set()

    def runs(self) -> dict[str, Coroutine[Any, Any, None]]:
        """All of them, by the names of their tasks."""
        return {f"ble-gatt-{name}": party.run() for name, party in self._parties.items()}

    def commands(self, device: str, deadline_s: float) -> Commands | None:
        """What can be done with a device until then, on the loop's clock; None: nothing is, over a connection."""
        party = self._parties.get(device)
        return None if party is None else party.commands(deadline_s)

    async def visit(self, device: str, deadline_s: float, look: Look) -> Result:
        """Do something that changes nothing, also with a device of which nothing else needs a connection."""
        party = self._parties.get(device)
        if party is not None:
            return await party.commands(deadline_s).look(look)
        async with self._guest(device) as guest:
            return await guest.commands(deadline_s).look(look)

    @asynccontextmanager
    async def _guest(self, name: str) -> AsyncIterator[GattParty]:
        """For a while, and nobody is told how it is."""
        device = self._devices[name]
        guest = GattParty(name, device, self._room, _to_nobody)
        sought = [] if device.identity_key is None else [(guest, key_bytes(device.identity_key))]
        self._sought += sought
        self._strangers.clear()
        staying = asyncio.create_task(guest.run(), name=f"ble-gatt-{name}")
        try:
            yield guest
        finally:
            self._sought = [each for each in self._sought if each not in sought]
            staying.cancel()
            await asyncio.wait({staying})
            if not staying.cancelled() and isinstance(error := staying.exception(), Exception):
                self._room.radio.lose(error)

    def heard(self, address: str) -> None:
        """Somebody is there: perhaps one of those whose address is a new one each quarter of an hour."""
        if not self._sought or address in self._strangers:
            return
        for party, key in self._sought:
            if party.address == address:
                return
            if resolves(key, address):
                party.moved(address)
                return
        if len(self._strangers) >= MAX_STRANGERS:
            self._strangers.clear()
        self._strangers.add(address)

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened with all of them."""
        total = Counter[str]()
        for party in self._parties.values():
            total.update(party.counters)
        return total


MAX_STRANGERS = 4096
"""Addresses that no key resolves, remembered so that each is tried once."""


def _to_nobody(_item: Item) -> None:
    """How a device is that nothing is wanted of."""
