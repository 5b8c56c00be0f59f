"""What BlueZ keeps of the advertisements of a device, and which properties each of them changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from dbus_fast import Variant

from adapters.ble.simulator.bluez.objects import Properties
from adapters.ble.simulator.bluez.report import FLAGS, Report

_STRENGTH: Final = {rssi: Variant("n", rssi) for rssi in range(-128, 128)}


class Heard:
    """Merged from reports.

    `fresh` (a scan that asked for duplicates): each report replaces the data before, and all that it has is told again.
    Else data of other companies and services stay for ever, and only what is new is told. As in BlueZ 5.66,
    btd_adapter_device_found() of src/adapter.c.
    """

    def __init__(self, report: Report) -> None:
        self.name: str | None = None
        self.uuids: list[str] = []
        self._rssi: int | None = None
        self._tx_power: int | None = None
        self._manufacturer = _Data("a{qv}")
        self._services = _Data("a{sv}")
        self.take(report, fresh=True, step_db=0)

    def take(self, report: Report, *, fresh: bool, step_db: int) -> Properties:
        """One more report: what it changes. A strength that differs by less than `step_db` is not told."""
        changed = {}
        if self._rssi is None or abs(report.rssi - self._rssi) >= step_db:
            self._rssi = report.rssi
            changed["RSSI"] = _STRENGTH[report.rssi]
        if report.tx_power is not None and report.tx_power != self._tx_power:
            self._tx_power = report.tx_power
            changed["TxPower"] = _STRENGTH[report.tx_power]
        if (data := self._manufacturer.take(report.manufacturer, fresh=fresh)) is not None:
            changed["ManufacturerData"] = data
        if (data := self._services.take(report.services, fresh=fresh)) is not None:
            changed["ServiceData"] = data
        if report.name is not None and report.name != self.name:
            self.name = report.name
            changed["Name"] = Variant("s", report.name)
        if self.add(report.uuids):
            changed["UUIDs"] = Variant("as", list(self.uuids))
        return changed

    def add(self, uuids: tuple[str, ...]) -> bool:
        """Services that it has; whether any was not known."""
        more = [uuid for uuid in uuids if uuid not in self.uuids]
        self.uuids += more
        return bool(more)

    def fade(self) -> tuple[str, ...]:
        """Nobody listens any more: the properties that go."""
        gone = tuple(name for name in ("RSSI", "TxPower") if name in self.properties())
        self._rssi = self._tx_power = None
        return gone

    def properties(self) -> Properties:
        """Those of Device1 that come from advertisements."""
        all_of_them = {
            "Name": None if self.name is None else Variant("s", self.name),
            "UUIDs": Variant("as", list(self.uuids)),
            "RSSI": None if self._rssi is None else _STRENGTH[self._rssi],
            "TxPower": None if self._tx_power is None else _STRENGTH[self._tx_power],
            "ManufacturerData": self._manufacturer.now,
            "ServiceData": self._services.now,
            "AdvertisingFlags": Variant("ay", FLAGS),
        }
        return {name: value for name, value in all_of_them.items() if value is not None}


class _Data:
    """Bytes by company or service; `now` is never changed, but replaced."""

    def __init__(self, signature: str) -> None:
        self._signature = signature
        self._all: Mapping[Any, bytes] = {}
        self.now: Variant | None = None

    def take(self, data: Mapping[Any, bytes], *, fresh: bool) -> Variant | None:
        """What is to be told now."""
        if fresh:
            if not data:
                self._all, self.now = {}, None
            elif data != self._all:
                self._put(data)
            return self.now
        merged = {**self._all, **data} if data else self._all
        if merged == self._all:
            return None
        self._put(merged)
        return self.now

    def _put(self, data: Mapping[Any, bytes]) -> None:
        self._all = dict(data)
        self.now = Variant(self._signature, {key: Variant("ay", bytes(value)) for key, value in data.items()})
