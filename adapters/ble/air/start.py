"""How a scan is begun, whatever state BlueZ is in, and how it is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from bleak import BleakScanner
from bleak.backends.bluezdbus.scanner import BleakScannerBlueZDBus
from bleak.backends.scanner import AdvertisementDataCallback
from bleak.exc import BleakDBusError

from adapters.ble.air import seam
from adapters.ble.air.bluez import Bluez
from adapters.ble.air.choice import Found
from adapters.ble.air.errors import FOREIGN, IN_PROGRESS, code_of, words
from adapters.ble.air.leaving import patience_s
from adapters.ble.air.patterns import Pattern
from adapters.ble.config import BleLink
from gateway.adapter import AdapterError

START_S = 10.0
STOP_S = 5.0
"""For BlueZ to begin and to end a scan: bleak itself waits for ever."""
END_S = 1.0
"""For a scan to have begun that is not wanted any more: BlueZ does so at once, or is stuck."""
HUSH_S = 1.0
"""For one to end that has not begun, as a rule."""
BUSY_S = (1.0, 2.0, 4.0)
"""Pauses where BlueZ says that a scan is in progress already, before the radio is switched off and on."""


@dataclass(slots=True)
class Counters:
    """What the scan has needed so far."""

    rescans: int = 0
    power_cycles: int = 0


class Starter:
    """Of one radio; `hear` is what bleak calls back."""

    def __init__(
        self,
        link: BleLink,
        radio: Found,
        bluez: Bluez,
        *,
        patterns: Sequence[Pattern],
        hear: AdvertisementDataCallback,
    ) -> None:
        self.counters = Counters()
        self._link = link
        self._radio = radio
        self._bluez = bluez
        self._patterns = patterns
        self._hear = hear
        self._is_passive = link.scan == "passive"

    async def begun(self) -> BleakScanner:
        """A scan that runs; AdapterError where BlueZ does not let us."""
        is_cured = False
        while True:
            for pause_s in BUSY_S:
                try:
                    return await self._tried()
                except FOREIGN as error:
                    if code_of(error) != IN_PROGRESS:
                        raise AdapterError(self._start_words(error)) from error
                await self._hush()
                await asyncio.sleep(pause_s)
            if is_cured or not await self.power_cycled():
                raise AdapterError(
                    f"the radio {self._radio} can't scan: BlueZ says that it does so already, for somebody else or "
                    "since it was killed: end the other program, or `bluetoothctl power off` and `power on`"
                )
            is_cured = True

    async def _tried(self) -> BleakScanner:
        """Raises one of FOREIGN."""
        scan = self._new_scan()
        starting = asyncio.create_task(scan.start(), name="ble-scan-start")
        try:
            async with asyncio.timeout(START_S):
                await asyncio.shield(starting)
        except BaseException as error:
            await _called_off(starting)
            await stopped(scan)
            if not code_of(error):  # nobody knows whether it has begun
                await self._hush()
            raise
        return scan

    async def _hush(self) -> None:
        """A scan of ours that BlueZ has begun and bleak knows nothing of keeps others from beginning."""
        with suppress(*FOREIGN):
            async with asyncio.timeout(HUSH_S):
                await seam.hush(self._radio.path)

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

    async def power_cycled(self) -> bool:
        """Whether that was done: never where it would cut somebody's connection; AdapterError where it fails."""
        if not self._link.power_cycle or await self._bluez.connected():
            return False
        await self._bluez.power_cycle()
        self.counters.power_cycles += 1
        return True


async def _called_off(starting: asyncio.Task[None]) -> None:
    """Not in the middle, if that can be helped: bleak does not take back there what it has told BlueZ."""
    await asyncio.wait({starting}, timeout=END_S)
    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)


async def stopped(scan: BleakScanner) -> None:
    """Whatever state it is in: one that has died by itself says so here, and is as good as ended."""
    if not seam.is_connected():
        return  # nobody would answer
    try:
        async with asyncio.timeout(patience_s(STOP_S)):
            await scan.stop()
    except FOREIGN:
        return
