"""One radio's life: the scan, the devices that are heard, and those that are connected to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from adapters.ble.config import BleDevice, BleLink
from gateway.adapter import Emit, Memory


class Session:
    """The devices of a radio while it is there."""

    def __init__(self, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory, emit: Emit) -> None:
        self._link = link
        self._devices = devices
        self._memory = memory
        self._emit = emit

    async def run(self) -> None:
        """Until cancelled; AdapterError when the radio is lost."""
        await asyncio.Event().wait()
