"""What the devices of one radio share that are connected to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from bleak.backends.device import BLEDevice

from adapters.ble.air.radio import Radio
from adapters.ble.air.tapping import Tapping
from adapters.ble.config import BleDevice
from adapters.ble.gatt.crowd import crowd
from adapters.ble.gatt.slots import Slots

LATELY_S = 30.0
"""Heard since then it is there, as far as anybody knows; BlueZ, too, forgets it after so long (TemporaryTimeout)."""
DEAD_SHARE = 0.2
"""Of the radio's time to connect, for all devices together that do not take a connection."""

REST_MAX_S = 60.0
"""Someone who mends a device sees it return within this."""


class Room:
    """Slots, one connect at a time, who is known not to answer, and who looks on."""

    def __init__(self, radio: Radio, devices: Mapping[str, BleDevice], tapping: Tapping) -> None:
        self.radio = radio
        self.tapping = tapping
        self.link = radio.link
        self.slots = Slots(radio.connections)
        self.connecting = Slots(1)
        self.crowd = crowd(radio.link, devices)
        """What is to be said where more are kept connected than there are slots."""
        self.dead: set[str] = set()
        self._loop = asyncio.get_running_loop()

    def rest_s(self, cost_s: float) -> float:
        """How long who does not answer stays away after a try that took so long, that all such take little time."""
        return min(REST_MAX_S, cost_s * max(1, len(self.dead)) * (1 / DEAD_SHARE - 1))

    def is_near(self, address: str, since_s: float) -> bool:
        """Whether it is worth a try: it was heard or connected lately (the loop's clock); or hearing says nothing."""
        heard_s = self.radio.heard_s(address)
        if self.link.scan != "active" and heard_s is not None:
            return True
        last_s = since_s if heard_s is None else max(heard_s, since_s)
        return self._loop.time() - last_s < LATELY_S

    async def found(self, address: str, since_s: float, within_s: float) -> BLEDevice | None:
        """As bleak connects to it, heard just now or within that time; None: it is not there."""
        device = self.radio.device(address)
        if device is not None and self.is_near(address, since_s):
            return device
        device = await self.radio.seek(address, within_s)
        if device is None or self.link.scan != "active" or self.is_near(address, since_s):
            return device
        return device if device.details["props"].get("Connected") else None

    def miss(self, address: str) -> None:
        """A connection to it went down: unless it is heard again, it is out of range, and no try is worth its time."""
        if self.link.scan == "active":
            self.radio.ear.forget(address)

    async def heard_anew(self, address: str, within_s: float) -> BLEDevice | None:
        """From now on: what BlueZ has just forgotten is no good any more."""
        self.radio.ear.forget(address)
        return await self.radio.seek(address, within_s)
