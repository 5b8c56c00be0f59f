"""One radio's life: the scan, the devices that are heard, and those that are connected to."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from adapters.ble.advert import Advert
from adapters.ble.air.frame import frame
from adapters.ble.air.radio import Radio
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.gatt.commands import Commands
from adapters.ble.gatt.crowd import connects
from adapters.ble.gatt.job import Work
from adapters.ble.gatt.party import GattParty
from adapters.ble.gatt.room import Room
from adapters.ble.heard.parties import Heard
from adapters.ble.items import Item
from adapters.ble.states import States, Way
from gateway.adapter import Emit, Memory, Tap
from gateway.grid import Slot, shared_grid
from gateway.model import DeviceStatus, Result

LOOK_S = 1.0
"""So often it is seen who has fallen silent."""

Listen = Callable[[Advert], None]
"""Takes everything that is heard, whoever says it; returns at once."""


class Session:
    """The devices of a radio while it is there."""

    def __init__(self, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory, emit: Emit) -> None:
        self.tap: Tap | None = None
        self.radio: Radio | None = None
        """Once it is open."""
        self._link = link
        self._devices = devices
        self._emit = emit
        self._states = States()
        self._heard = Heard(link, devices, memory)
        self._listeners: list[Listen] = []
        self._loop = asyncio.get_running_loop()
        self._connected: dict[str, GattParty] = {}
        self._room: Room | None = None

    async def run(self) -> None:
        """Until cancelled; AdapterError when the radio is lost."""
        radio = self.radio = await Radio.opened(self._link, self._devices.values(), self._hear)
        ticket = shared_grid().subscribe(Slot(LOOK_S), self._look, radio.lose)
        room, tell = Room(radio, self._devices), partial(self._tell, way=Way.CONNECTED)
        self._connected = {
            name: GattParty(name, device, room, tell) for name, device in self._devices.items() if connects(device)
        }
        try:
            self._room = room
            await radio.serve({f"ble-gatt-{name}": party.run() for name, party in self._connected.items()})
        finally:
            ticket.cancel()
            self._room = None
            try:
                await radio.close()
            finally:
                self._heard.rest()

    @contextmanager
    def listening(self, listen: Listen) -> Iterator[None]:
        """Have everything told that is heard meanwhile."""
        self._listeners.append(listen)
        try:
            yield
        finally:
            self._listeners.remove(listen)

    def commands(self, device: str, deadline_s: float) -> Commands | None:
        """What can be done with a device until then, on the loop's clock; None: it is not open yet."""
        party = self._connected.get(device)
        return None if party is None else party.commands(deadline_s)

    async def visit(self, device: str, deadline_s: float, work: Work) -> Result | None:
        """Connect, though nothing of it needs a connection else; None: the radio is not open yet."""
        commands = self.commands(device, deadline_s)
        if commands is not None or self._room is None:
            return None if commands is None else await commands.look(work)
        guest = GattParty(device, self._devices[device], self._room, _to_nobody)
        staying = asyncio.create_task(guest.run(), name=f"ble-gatt-{device}")
        try:
            return await guest.commands(deadline_s).look(work)
        finally:
            staying.cancel()
            await asyncio.wait({staying})

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened on this radio; `overflowed`: more was said than can be taken, by all or by one device."""
        total = Counter(self._heard.counters)
        if self.radio is not None:
            total.update(self.radio.counters)
        for party in self._connected.values():
            total.update(party.counters)
        return total

    def _hear(self, advert: Advert) -> None:
        if self.tap is not None:
            self.tap("rx", frame(advert))
        for listen in self._listeners:
            listen(advert)
        for item in self._heard.hear(advert, self._loop.time()):
            self._tell(item)

    def _look(self) -> bool:
        for item in self._heard.look(self._loop.time(), time.time_ns() // 1_000_000):
            self._tell(item)
        return True

    def _tell(self, item: Item, way: Way = Way.HEARD) -> None:
        told = self._states.found(way, item) if isinstance(item, DeviceStatus) else item
        if told is not None:
            self._emit(told)


def _to_nobody(_item: Item) -> None:
    """How a device is that nothing is wanted of."""
