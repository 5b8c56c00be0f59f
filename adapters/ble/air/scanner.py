"""One long scan of a radio: begun, watched, begun anew when it has died, ended."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NamedTuple

from bleak import BleakScanner
from bleak.backends.bluezdbus.scanner import BleakScannerBlueZDBus
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakDBusError

from adapters.ble.advert import NO_BYTES, NO_SERVICES, Advert
from adapters.ble.air import seam
from adapters.ble.air.bluez import Bluez
from adapters.ble.air.choice import Found
from adapters.ble.air.errors import FOREIGN, IN_PROGRESS, code_of, words
from adapters.ble.air.fresh import ALL, Freshness, Kept
from adapters.ble.air.inbox import Inbox
from adapters.ble.air.patience import Patience
from adapters.ble.air.patterns import Pattern
from adapters.ble.config import BleLink
from gateway.adapter import AdapterError
from gateway.units import format_duration

START_S = 10.0
STOP_S = 5.0
"""For BlueZ to begin and to end a scan: bleak itself waits for ever."""
BUSY_S = (1.0, 2.0, 4.0)
"""Pauses where BlueZ says that a scan is in progress already, before the radio is switched off and on."""
LOOK_S = 1.0
DEVICES = 2000
"""Remembered at most, for connecting; devices with private addresses come as new ones all day."""
NOT_HEARD = -127
"""The RSSI of what BlueZ tells of a device that it has not heard: bleak's default."""
FRESH_S = 10.0
"""Heard within that time it is still known to BlueZ, which drops what it does not hear for 30 s (its main.conf)."""
LONG_LOST_S = 15.0
"""BlueZ says for so long that it does not scan, and we had it scan: the scan is dead."""


@dataclass(slots=True)
class Counters:
    """What the scan has needed so far."""

    rescans: int = 0
    power_cycles: int = 0


class Heard(NamedTuple):
    """A device as bleak connects to it, and when it was heard (the loop's clock)."""

    device: BLEDevice
    at_s: float
    standing: tuple[object, ...]
    kept: Kept


class Scanner:
    """The scan of one radio, while `run` does."""

    def __init__(
        self,
        link: BleLink,
        radio: Found,
        bluez: Bluez,
        patterns: Sequence[Pattern],
        inbox: Inbox,
        *,
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.counters = Counters()
        self.devices: OrderedDict[str, Heard] = OrderedDict()
        self._link = link
        self._radio = radio
        self._bluez = bluez
        self._patterns = patterns
        self._inbox = inbox
        self._clock_ms = clock_ms
        self._loop = asyncio.get_running_loop()
        self._is_passive = link.scan == "passive"
        self._freshness = Freshness()
        self._patience = Patience(link.silence)
        self._heard = 0
        self._remedies = 0
        self._dark_s: float | None = None
        self._sought: dict[str, list[asyncio.Future[BLEDevice]]] = {}
        self._pauses = 0
        self._changed = asyncio.Event()
        self._is_on = False
        bluez.forgotten = self._forget

    async def run(self) -> None:
        """Until cancelled; AdapterError when no remedy is left."""
        while True:
            while not self._is_wanted:
                self._changed.clear()
                await self._changed.wait()
            scan = await self._begun()
            try:
                self._is_on = True
                await self._watch()
            finally:
                await _stopped(scan)
                self._is_on = False
                self._changed.set()

    async def seek(self, address: str, within_s: float) -> BLEDevice | None:
        """A device that has been heard just now, or is heard within that time: scanned for also where `scan` is off."""
        known = self.devices.get(address)
        if known is not None and self._loop.time() - known.at_s < FRESH_S:
            return known.device
        fresh: asyncio.Future[BLEDevice] = self._loop.create_future()
        self._sought.setdefault(address, []).append(fresh)
        self._changed.set()
        try:
            async with asyncio.timeout(within_s):
                return await fresh
        except TimeoutError:
            return None
        finally:
            self._sought[address].remove(fresh)
            if not self._sought[address]:
                del self._sought[address]
            self._changed.set()

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Nothing is scanned for meanwhile."""
        self._pauses += 1
        self._changed.set()
        try:
            while self._is_on:
                self._changed.clear()
                await self._changed.wait()
            yield
        finally:
            self._pauses -= 1
            self._changed.set()

    @property
    def _is_wanted(self) -> bool:
        return not self._pauses and (self._link.scan != "off" or bool(self._sought))

    async def _begun(self) -> BleakScanner:
        """A scan that runs; AdapterError where BlueZ does not let us."""
        is_cured = False
        while True:
            for pause_s in BUSY_S:
                try:
                    return await self._tried()
                except FOREIGN as error:
                    if code_of(error) != IN_PROGRESS:
                        raise AdapterError(self._start_words(error)) from error
                await asyncio.sleep(pause_s)
            if is_cured or not await self._power_cycled():
                raise AdapterError(
                    f"the radio {self._radio} can't scan: BlueZ says that it does so already, for somebody else or "
                    "since it was killed: end the other program, or `bluetoothctl power off` and `power on`"
                )
            is_cured = True

    async def _tried(self) -> BleakScanner:
        """Raises one of FOREIGN."""
        scan = self._new_scan()
        try:
            async with asyncio.timeout(START_S):
                await scan.start()
        except BaseException:
            await _stopped(scan)
            raise
        self._dark_s = None
        return scan

    def _new_scan(self) -> BleakScanner:
        if self._is_passive:
            return BleakScanner(
                self._hear,
                scanning_mode="passive",
                bluez={"adapter": self._radio.name, "or_patterns": list(self._patterns)},
                backend=BleakScannerBlueZDBus,
            )
        return BleakScanner(
            self._hear,
            bluez={"adapter": self._radio.name, "filters": {"DuplicateData": True}},
            backend=BleakScannerBlueZDBus,
        )

    def _start_words(self, error: BaseException) -> str:
        if self._is_passive and not isinstance(error, BleakDBusError) and "experimental" in str(error):
            return (
                f"the radio {self._radio} can't scan passively: bluetoothd must be started with --experimental "
                "(5.56 or later, Linux 5.10 or later), or write scan: active"
            )
        return f"the radio {self._radio} can't scan: {words(error)}"

    async def _watch(self) -> None:
        """Until the scan must begin anew, or is not wanted any more; AdapterError when that has not helped."""
        begun_s = self._loop.time()
        while self._is_wanted:
            self._changed.clear()
            try:
                async with asyncio.timeout(min(LOOK_S, self._link.silence / 4)):
                    await self._changed.wait()
            except TimeoutError:
                if self._is_dead(begun_s):
                    await self._remedy()
                    return

    def _is_dead(self, begun_s: float) -> bool:
        """Nothing comes, for longer than that can be chance, though this scan has had its time."""
        now_s = self._loop.time()
        if not seam.is_connected():
            return True
        if self._inbox.heard != self._heard:
            self._patience.heard(self._inbox.heard - self._heard, now_s)
            self._heard, self._remedies, self._dark_s = self._inbox.heard, 0, None
            return False
        if self._is_passive:
            return False  # what does not change is heard once only, so that silence says nothing
        if self._bluez.is_discovering:
            self._dark_s = None
        elif self._dark_s is None:
            self._dark_s = now_s
        elif now_s - self._dark_s > LONG_LOST_S:
            return True
        limit_s = self._patience.limit_s
        return min(self._patience.silent_s(now_s), now_s - begun_s) > limit_s

    async def _remedy(self) -> None:
        """The next one: this scan ends, and the radio is switched off and on; AdapterError after the last."""
        self._remedies += 1
        if self._remedies == 1 or await self._bluez.connected():
            self.counters.rescans += 1
            return  # who is connected does not advertise, and shows that the radio is well
        if self._remedies == 2 and await self._power_cycled():
            return
        silent = format_duration(float(round(self._patience.silent_s(self._loop.time()))))
        raise AdapterError(
            f"the radio {self._radio} has heard nothing at all for {silent}, though its scan was begun anew: if its "
            "devices are on, it needs a reset, or to be plugged in again"
        )

    async def _power_cycled(self) -> bool:
        """Whether that was done: never where it would cut somebody's connection; AdapterError where it fails."""
        if not self._link.power_cycle or await self._bluez.connected():
            return False
        await self._bluez.power_cycle()
        self.counters.power_cycles += 1
        return True

    def _hear(self, device: BLEDevice, data: AdvertisementData) -> None:
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

    def _forget(self, path: str) -> None:
        """BlueZ has: a connection to what it does not know fails."""
        address = path.rpartition("/dev_")[2].replace("_", ":")
        self.devices.pop(address, None)


async def _stopped(scan: BleakScanner) -> None:
    """Whatever state it is in: one that has died by itself says so here, and is as good as ended."""
    if not seam.is_connected():
        return  # nobody would answer
    try:
        async with asyncio.timeout(STOP_S):
            await scan.stop()
    except FOREIGN:
        return
