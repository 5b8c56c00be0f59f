"""A radio as BlueZ shows it: org.bluez.Adapter1."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dbus_fast import Variant, unpack_variants
from typing_extensions import override

from adapters.ble.simulator.bluez.device import Device
from adapters.ble.simulator.bluez.discovery import Discovery, Filter
from adapters.ble.simulator.bluez.errors import busy, does_not_exist, failed, not_ready
from adapters.ble.simulator.bluez.heard import Heard
from adapters.ble.simulator.bluez.monitor import Monitors
from adapters.ble.simulator.bluez.objects import NOTHING, Answer, Call, Interface, Method, Properties
from adapters.ble.simulator.bluez.report import Report

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.daemon import Daemon
    from adapters.ble.simulator.bluez.radio import Radio


class Adapter(Interface):
    """Its object, from when bluetoothd finds the radio until one of them goes."""

    name: ClassVar[str] = "org.bluez.Adapter1"

    def __init__(self, daemon: Daemon, radio: Radio) -> None:
        self.daemon = daemon
        self.radio = radio
        self.path = f"/org/bluez/{radio.name}"
        self.devices: dict[str, Device] = {}
        self.discovery = Discovery()
        self.monitors = Monitors(daemon)
        self._sweeping: asyncio.TimerHandle | None = None
        daemon.objects.add(self.path, self, *([self.monitors] if daemon.settings.experimental else []))
        for address, (heard, random) in radio.bonds.items():
            heard.fade()
            self.devices[address] = Device(self, address, heard, random=random)

    def hear(self, report: Report) -> None:
        """The radio has received something."""
        places = self.monitors.matching(report) if self.monitors else []
        if not places and not (self.discovery and self.discovery.lets(report)):
            return
        device = self.devices.get(report.address)
        if device is not None:
            device.hear(report, fresh=self.discovery.fresh, step_db=self.discovery.step_db)
        else:
            device = self.devices[report.address] = Device(self, report.address, Heard(report), random=report.random)
            self.sweep()
        if places:
            self.monitors.found(places, device.path)

    def power(self, *, on: bool) -> None:
        """The radio was switched; all that was under way ends with its power."""
        changed = {"Powered": Variant("b", on)}
        if not on:
            for device in [*self.devices.values()]:  # what is lost may be forgotten at once
                device.lose()
        if not on and self.discovery:
            self.discovery.clear()
            self._fade()
            changed["Discovering"] = Variant("b", False)
        self._tell(changed)

    def left(self, client: str) -> None:
        """A client has left the bus."""
        self.monitors.left(client)
        for device in self.devices.values():
            device.left(client)
        self.discovery.choose(client, None)
        if client in self.discovery:
            self.discovery.stop(client)
            self._discovering()

    def close(self) -> None:
        """The radio is gone."""
        self._fade()
        for device in [*self.devices.values()]:
            self._remove(device)
        self.end()
        self.daemon.objects.remove(self.path)

    def end(self) -> None:
        """Do nothing any more, and tell nobody: whom it was connected to is free again."""
        for device in self.devices.values():
            device.end()
        if self._sweeping is not None:
            self._sweeping.cancel()

    def sweep(self) -> None:
        """Remove whom nobody has heard for long, and come back when the next one may be due."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        loop = asyncio.get_running_loop()
        long_ago_s = loop.time() - self.daemon.settings.temporary_s
        for device in [each for each in self.devices.values() if each.temporary and each.seen_s <= long_ago_s]:
            self._remove(device)
        oldest_s = min((each.seen_s for each in self.devices.values() if each.temporary), default=None)
        if oldest_s is not None:
            self._sweeping = loop.call_at(oldest_s + self.daemon.settings.temporary_s, self.sweep)

    @override
    def methods(self) -> Mapping[str, Method]:
        return {
            "SetDiscoveryFilter": Method("a{sv}", "", self._set_filter),
            "GetDiscoveryFilters": Method("", "as", self._filters),
            "StartDiscovery": Method("", "", self._start),
            "StopDiscovery": Method("", "", self._stop),
            "RemoveDevice": Method("o", "", self._remove_device),
        }

    @override
    def properties(self) -> Properties:
        return {
            "Address": Variant("s", self.radio.address),
            "AddressType": Variant("s", "public"),
            "Name": Variant("s", "fieldgate"),
            "Alias": Variant("s", "fieldgate"),
            "Class": Variant("u", 0),
            "Powered": Variant("b", self.radio.powered),
            "Discoverable": Variant("b", False),
            "DiscoverableTimeout": Variant("u", 180),
            "Pairable": Variant("b", True),
            "PairableTimeout": Variant("u", 0),
            "Discovering": Variant("b", bool(self.discovery)),
            "UUIDs": Variant("as", []),
            "Modalias": Variant("s", "usb:v1D6Bp0246d0542"),
            "Roles": Variant("as", ["central", "peripheral"]),
        }

    @override
    def put(self, name: str, value: Any) -> None:
        if name == "Powered":
            self.radio.set_powered(bool(value))
        elif name not in ("Alias", "Discoverable", "DiscoverableTimeout", "Pairable", "PairableTimeout"):
            super().put(name, value)

    async def _set_filter(self, call: Call) -> Answer:
        self._must_be_on()
        given = unpack_variants(call.body[0])
        self.discovery.choose(call.sender, Filter.of(given) if given else None)
        return NOTHING

    async def _filters(self, _call: Call) -> Answer:
        return Answer("as", (["UUIDs", "RSSI", "Pathloss", "Transport", "DuplicateData", "Discoverable", "Pattern"],))

    async def _start(self, call: Call) -> Answer:
        self._must_be_on()
        if call.sender in self.discovery or not self.radio.begin_scan():
            raise busy()
        first = not self.discovery
        self.discovery.start(call.sender)
        if first:
            self.daemon.soon(self._tell, {"Discovering": Variant("b", True)})
        return NOTHING

    async def _stop(self, call: Call) -> Answer:
        self._must_be_on()
        if call.sender not in self.discovery:
            raise failed("No discovery started")
        self.discovery.stop(call.sender)
        self.daemon.soon(self._discovering)
        return NOTHING

    async def _remove_device(self, call: Call) -> Answer:
        device = next((each for each in self.devices.values() if each.path == call.body[0]), None)
        if device is None:
            raise does_not_exist()
        self.radio.bonds.pop(device.address, None)
        self._remove(device)
        return NOTHING

    def _must_be_on(self) -> None:
        if not self.radio.powered:
            raise not_ready()

    def _discovering(self) -> None:
        """After a session has ended."""
        if not self.discovery:
            self._fade()
            self._tell({"Discovering": Variant("b", False)})

    def _fade(self) -> None:
        for device in self.devices.values():
            device.fade()

    def _tell(self, changed: Properties) -> None:
        self.daemon.objects.changed(self.path, self.name, changed)

    def _remove(self, device: Device) -> None:
        if self.devices.pop(device.address, None) is not None:
            device.remove()
            self.monitors.lost(device.path)
