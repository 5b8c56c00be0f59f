"""One radio's life: the scan, the devices that are heard, and those that are connected to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from adapters.ble.advert import Advert
from adapters.ble.air.frame import frame
from adapters.ble.air.radio import Radio
from adapters.ble.config import BleDevice, BleLink
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

    async def run(self) -> None:
        """Until cancelled; AdapterError when the radio is lost."""
        radio = self._radio = await Radio.opened(self._link, self._devices.values(), self._hear)
        try:
            await radio.serve()
        finally:
            await radio.close()

    @property
    def radio(self) -> Radio | None:
        """Once it is there."""
        return self._radio

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened on this radio."""
        return {} if self._radio is None else self._radio.counters

    def _hear(self, advert: Advert) -> None:
        if self.tap is not None:
            self.tap("rx", frame(advert))
        for listen in self.listeners:
            listen(advert)
