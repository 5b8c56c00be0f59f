"""One radio's life: the scan, the devices that are heard, and those that are connected to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping

from adapters.ble.advert import Advert
from adapters.ble.air.frame import frame
from adapters.ble.air.radio import Radio
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.gatt.commands import Commands
from adapters.ble.gatt.crowd import connects
from adapters.ble.gatt.party import GattParty
from adapters.ble.gatt.room import Room
from gateway.adapter import Emit, Memory, Tap

Listen = Callable[[Advert], None]
"""Takes everything that is heard, whoever says it; returns at once."""


class Session:
    """The devices of a radio while it is there."""

    def __init__(self, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory, emit: Emit) -> None:
        self.tap: Tap | None = None
        self.listeners: list[Listen] = []
        self._link = link
        self._devices = devices
        self._memory = memory
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        self._radio: Radio | None = None
        self._connected: dict[str, GattParty] = {}

    async def run(self) -> None:
        """Until cancelled; AdapterError when the radio is lost."""
        radio = self._radio = await Radio.opened(self._link, self._devices.values(), self._hear)
        room = Room(radio, self._devices)
        self._connected = {
            name: GattParty(name, device, room, self._emit)
            for name, device in self._devices.items()
            if connects(device)
        }
        try:
            await radio.serve({f"ble-gatt-{name}": party.run() for name, party in self._connected.items()})
        finally:
            await radio.close()

    def commands(self, device: str, deadline_s: float) -> Commands | None:
        """What can be done with a device until then, on the loop's clock; None: it is not open yet."""
        party = self._connected.get(device)
        return None if party is None else party.commands(deadline_s)

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened on this radio."""
        if self._radio is None:
            return {}
        total = Counter[str]()
        for party in self._connected.values():
            total.update(party.counters)
        return {**self._radio.counters, **total}

    def _hear(self, advert: Advert) -> None:
        if self.tap is not None:
            self.tap("rx", frame(advert))
        for listen in self.listeners:
            listen(advert)
