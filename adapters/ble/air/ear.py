"""What is heard, as bleak calls back: the newest of each device for who connects to it, all of it for the inbox."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from adapters.ble.advert import NO_BYTES, NO_SERVICES, Advert
from adapters.ble.air import seam
from adapters.ble.air.fresh import ALL, Freshness, Kept
from adapters.ble.air.inbox import Inbox

DEVICES = 2000
"""Remembered at most, for connecting; devices with private addresses come as new ones all day."""
NOT_HEARD = -127
"""The RSSI of what BlueZ tells of a device that it has not heard: bleak's default."""
FRESH_S = 10.0
"""Heard within that time it is still known to BlueZ, which drops what it does not hear for 30 s (its main.conf)."""


class Heard(NamedTuple):
    """A device as bleak connects to it, and when it was heard (the loop's clock)."""

    device: BLEDevice
    at_s: float
    standing: tuple[object, ...]
    kept: Kept


class Ear:
    """Of one radio; `changed` is called when somebody begins or ends to seek a device."""

    def __init__(
        self,
        inbox: Inbox,
        *,
        is_passive: bool,
        changed: Callable[[], None],
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.devices: OrderedDict[str, Heard] = OrderedDict()
        self._inbox = inbox
        self._is_passive = is_passive
        self._changed = changed
        self._clock_ms = clock_ms
        self._loop = asyncio.get_running_loop()
        self._freshness = Freshness()
        self._sought: dict[str, list[asyncio.Future[BLEDevice]]] = {}

    @property
    def seeks(self) -> bool:
        """Whether somebody waits for a device."""
        return bool(self._sought)

    async def seek(self, address: str, within_s: float) -> BLEDevice | None:
        """A device that has been heard just now, or is heard within that time."""
        known = self.devices.get(address)
        if known is not None and self._loop.time() - known.at_s < FRESH_S:
            return known.device
        fresh: asyncio.Future[BLEDevice] = self._loop.create_future()
        self._sought.setdefault(address, []).append(fresh)
        self._changed()
        try:
            async with asyncio.timeout(within_s):
                return await fresh
        except TimeoutError:
            return None
        finally:
            self._sought[address].remove(fresh)
            if not self._sought[address]:
                del self._sought[address]
            self._changed()

    def hear(self, device: BLEDevice, data: AdvertisementData) -> None:
        """Bleak's callback: the hot path. BlueZ tells so, too, that a device has been connected to or paired."""
        rssi = data.rssi
        if rssi == NOT_HEARD:
            return
        address, standing, kept = device.address, seam.standing(data), seam.kept(data)
        known = self.devices.get(address)
        if known is not None and known.standing != standing:
            self.devices[address] = Heard(device, known.at_s, standing, kept)
            return
        new = ALL if known is None or self._is_passive else self._freshness.of(known.kept, kept)
        self.devices[address] = Heard(device, self._loop.time(), standing, kept)
        self.devices.move_to_end(address)
        if len(self.devices) > DEVICES:
            self.devices.popitem(last=False)
        self._inbox.put(
            Advert(
                address,
                self._clock_ms(),
                rssi,
                data.local_name,
                data.tx_power,
                data.manufacturer_data if new.manufacturer else NO_BYTES,
                data.service_data if new.services else NO_SERVICES,
                tuple(data.service_uuids),
            )
        )
        if self._sought:
            self._found(address, device)

    def _found(self, address: str, device: BLEDevice) -> None:
        for fresh in self._sought.get(address, ()):
            if not fresh.done():
                fresh.set_result(device)

    def forget(self, address: str) -> None:
        """BlueZ has: a connection to what it does not know fails."""
        self.devices.pop(address, None)
