"""A radio, and what is around it: devices that advertise, and those that can be connected to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Final

from adapters.ble.simulator.bluez.errors import failed
from adapters.ble.simulator.bluez.heard import Heard
from adapters.ble.simulator.bluez.peripheral import Peripheral
from adapters.ble.simulator.bluez.report import Report

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.adapter import Adapter


CONNECT_S: Final = 20.0
"""How long a radio tries to reach a device that does not answer (Linux, HCI_LE_CONN_TIMEOUT)."""


class Mends(Enum):
    """What makes a stuck scan hear again."""

    RESTART = "restart"
    POWER = "power"
    NOTHING = "nothing"


class Radio:
    """Hardware, and what of bluetoothd's is kept on disk: both outlive it.

    `missed`: advertisements that the bus had no room for. `bonds`: by address, what BlueZ knows of the devices that it
    is paired with, and whether their address is random.
    """

    def __init__(self, address: str, name: str, gone: Callable[[Radio], None]) -> None:
        self.address = address.upper()
        self.name = name
        self.powered = True
        self.missed = 0
        self.adapter: Adapter | None = None
        self.bonds: dict[str, tuple[Heard, bool]] = {}
        self.peripherals: dict[str, Peripheral] = {}
        self._news = asyncio.Event()
        self._gone = gone
        self._away: set[str] = set()
        self._stuck: Mends | None = None
        self._orphaned = False

    def advertise(
        self,
        address: str,
        rssi: int,
        *,
        name: str | None = None,
        manufacturer: Mapping[int, bytes] | None = None,
        services: Mapping[str, bytes] | None = None,
        uuids: tuple[str, ...] = (),
        tx_power: int | None = None,
        random: bool = False,
    ) -> None:
        """One advertisement with its scan response: the address in capitals, UUIDs full and in small letters."""
        if self.adapter is None or not self.powered or self._stuck is not None or address in self._away:
            return
        if self.adapter.daemon.crowded:
            self.missed += 1
            return
        self.adapter.hear(Report(address, rssi, name, manufacturer or {}, services or {}, uuids, tx_power, random))

    def add(self, peripheral: Peripheral) -> Peripheral:
        """Let it be connected to. It is found by what it advertises."""
        self.peripherals[peripheral.address] = peripheral
        self._news.set()
        return peripheral

    def vanish(self, address: str) -> None:
        """A device goes out of range: it is not heard any more, and what was connected to it loses it."""
        self._away.add(address.upper())
        peripheral = self.peripherals.get(address.upper())
        if peripheral is not None:
            peripheral.hang_up()

    def appear(self, address: str) -> None:
        """It comes back."""
        self._away.discard(address.upper())
        self._news.set()

    async def reached(self, address: str) -> Peripheral:
        """The peripheral, when there is a connection to it; Refusal if that takes too long."""
        try:
            async with asyncio.timeout(CONNECT_S):
                while True:
                    peripheral = self._near(address)
                    if peripheral is not None and peripheral.connect_s is not None:
                        await asyncio.sleep(peripheral.connect_s)
                        if self._near(address) is peripheral:
                            return peripheral
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise failed("le-connection-abort-by-local") from None

    def set_powered(self, on: bool) -> None:
        """Switch it, as `bluetoothctl power` does."""
        if on == self.powered:
            return
        self.powered = on
        self._orphaned = False
        if self._stuck is Mends.POWER:
            self._stuck = None
        if self.adapter is not None:
            self.adapter.power(on=on)

    def remove(self) -> None:
        """Pull it out."""
        self._gone(self)

    def stick_scan(self, mends: Mends = Mends.RESTART) -> None:
        """Let it say that it scans, but hear nothing any more, until it is mended."""
        self._stuck = mends

    def orphan_scan(self) -> None:
        """Let nobody be able to scan until it is switched off and on: bluetoothd has died while it did."""
        self._orphaned = True

    def begin_scan(self) -> bool:
        """Whether it does as it is told."""
        if self._stuck is Mends.RESTART:
            self._stuck = None
        return not self._orphaned

    def _near(self, address: str) -> Peripheral | None:
        peripheral = self.peripherals.get(address)
        return None if peripheral is None or address in self._away or peripheral.connected else peripheral
