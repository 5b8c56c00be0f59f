"""One radio's life: the scan, the devices that are heard, and those that are connected to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from adapters.ble.advert import Advert
from adapters.ble.air.frame import frame
from adapters.ble.air.radio import Radio
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.gatt.commands import Commands
from adapters.ble.gatt.parties import Parties
from adapters.ble.heard.parties import Heard
from adapters.ble.heard.party import Item
from adapters.ble.states import States, Way
from gateway.adapter import Emit, Memory, Tap
from gateway.grid import Slot, shared_grid
from gateway.model import DeviceStatus

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
        self._parties: Parties | None = None
        self._listeners: list[Listen] = []
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Until cancelled; AdapterError when the radio is lost."""
        radio = self.radio = await Radio.opened(self._link, self._devices.values(), self._hear)
        parties = self._parties = Parties(radio, self._devices, partial(self._tell, way=Way.CONNECTED))
        ticket = shared_grid().subscribe(Slot(LOOK_S), self._look, radio.lose)
        try:
            await radio.serve(parties.runs())
        finally:
            ticket.cancel()
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
        """What can be done with a device until then, on the loop's clock; None: there is no radio yet."""
        return None if self._parties is None else self._parties.commands(device, deadline_s)

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened on this radio; `overflowed`: more was said than can be taken, by all or by one device."""
        heard = self._heard.counters
        if self.radio is None:
            return heard
        air = self.radio.counters
        connected = self._parties.counters if self._parties is not None else {}
        return {**air, **heard, **connected, "overflowed": air["overflowed"] + heard["overflowed"]}

    def _hear(self, advert: Advert) -> None:
        if self.tap is not None:
            self.tap("rx", frame(advert))
        for listen in self._listeners:
            listen(advert)
        if self._parties is not None:
            self._parties.heard(advert.address)
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
