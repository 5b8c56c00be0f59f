"""A radio, and what is around it: devices that advertise, and those that can be connected to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TYPE_CHECKING

from adapters.ble.simulator.bluez.report import Report

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.adapter import Adapter


class Mends(Enum):
    """What makes a stuck scan hear again."""

    RESTART = "restart"
    POWER = "power"
    NOTHING = "nothing"


class Radio:
    """Hardware: it outlives bluetoothd. `heard` counts what it has received."""

    def __init__(self, address: str, name: str, gone: Callable[[Radio], None]) -> None:
        self.address = address.upper()
        self.name = name
        self.powered = True
        self.adapter: Adapter | None = None
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
        """One advertisement with its scan response: UUIDs are full, in small letters."""
        if self.adapter is None or not self.powered or self._stuck is not None or address in self._away:
            return
        self.adapter.hear(Report(address, rssi, name, manufacturer or {}, services or {}, uuids, tx_power, random))

    def vanish(self, address: str) -> None:
        """A device goes out of range: what it advertises is not heard."""
        self._away.add(address.upper())

    def appear(self, address: str) -> None:
        """It comes back."""
        self._away.discard(address.upper())

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
