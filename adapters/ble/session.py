"""One radio's life: the scan, the devices that are heard, and those that are connected to."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from adapters.ble.advert import Advert
from adapters.ble.air.frame import frame
from adapters.ble.air.radio import Radio
from adapters.ble.air.tapping import Tapping
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.gatt.commands import Commands
from adapters.ble.gatt.job import Look
from adapters.ble.gatt.parties import Parties
from adapters.ble.heard.parties import Heard
from adapters.ble.items import Item
from adapters.ble.states import States, Way
from gateway.adapter import Emit, Memory
from gateway.grid import Slot, shared_grid
from gateway.model import Bad, BadReason, DeviceStatus, Result, ResultStatus, Sample

LOOK_S = 1.0
"""So often it is seen who has fallen silent."""

UNASKED_S = 30.0
"""For what a device advertises by itself, where somebody waits for it."""

Listen = Callable[[Advert], None]
"""Takes everything that is heard, whoever says it; returns at once."""


class Session:
    """The devices of a radio while it is there."""

    def __init__(
        self, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory, emit: Emit, tapping: Tapping
    ) -> None:
        self.radio: Radio | None = None
        """Once it is open."""
        self.opened = asyncio.Event()
        self._link = link
        self._devices = devices
        self._emit = emit
        self._tapping = tapping
        self._states = States()
        self._heard = Heard(link, devices, memory)
        self._parties: Parties | None = None
        self._listeners: list[Listen] = []
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def run(self) -> None:
        """Until cancelled; AdapterError when the radio is lost."""
        radio = await Radio.opened(self._link, self._devices.values(), self._hear)
        ticket = shared_grid().subscribe(Slot(LOOK_S), self._look, radio.lose)
        try:
            parties = self._parties = Parties(radio, self._devices, self._met, self._tapping)
            self.radio = radio
            self.opened.set()
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

    def commands(self, device: str, deadline_s: float) -> Commands:
        """What can be done until then, on the loop's clock, with a device that is connected to; once it is open."""
        commands = self._parties.commands(device, deadline_s) if self._parties is not None else None
        assert commands is not None, "it has something that is written, read or invoked"
        return commands

    async def visit(self, device: str, deadline_s: float, look: Look) -> Result:
        """Do something over a connection that changes nothing; once it is open."""
        assert self._parties is not None, "it is open"
        return await self._parties.visit(device, deadline_s, look)

    async def told(self, device: str, points: Sequence[str], deadline_s: float) -> Result:
        """What it has advertised of these last; waits for what it has not told yet."""
        with suppress(TimeoutError):  # some of it may have come
            async with asyncio.timeout_at(min(deadline_s, self._loop.time() + UNASKED_S)):
                while not set(points) <= set(self._heard.known(device)):
                    self._news.clear()
                    await self._news.wait()
        known = self._heard.known(device)
        bad = {name: Bad(BadReason.TIMEOUT) for name in points if name not in known}
        bad |= {name: value for name in points if isinstance(value := known.get(name), Bad)}
        values = {name: value for name, value in known.items() if name in points and not isinstance(value, Bad)}
        if points and not values:
            detail = "it advertises by itself, and nothing of it was heard in time"
            return Result(ResultStatus.UNREACHABLE, bad=bad, reason=BadReason.TIMEOUT, detail=detail)
        return Result(ResultStatus.DONE, values=values, bad=bad)

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened on this radio; `overflowed`: more was said than can be taken, by all or by one device."""
        total = Counter(self._heard.counters)
        if self.radio is not None:
            total.update(self.radio.counters)
        if self._parties is not None:
            total.update(self._parties.counters)
        return total

    def _hear(self, advert: Advert) -> None:
        if self._tapping.tap is not None:
            self._tapping.show("rx", frame(advert))
        for listen in self._listeners:
            listen(advert)
        if self._parties is not None:
            self._parties.heard(advert.address)
        for item in self._heard.hear(advert, self._loop.time()):
            self._tell(Way.HEARD, item)
            self._news.set()

    def _look(self) -> bool:
        deaf_s = self.radio.scanner.deaf_s if self.radio is not None else 0.0
        for item in self._heard.look(self._loop.time(), time.time_ns() // 1_000_000, deaf_s):
            self._tell(Way.HEARD, item)
        return True

    def _met(self, item: Item) -> None:
        """Something was found over a connection: who answers there is there."""
        if isinstance(item, Sample) and len(item.bad) < len(item.values):
            for each in self._heard.met(item.group.device, self._loop.time(), item.time_ms):
                self._tell(Way.HEARD, each)
        self._tell(Way.CONNECTED, item)

    def _tell(self, way: Way, item: Item) -> None:
        told = self._states.joined(way, item) if isinstance(item, DeviceStatus) else item
        if told is not None:
            self._emit(told)
