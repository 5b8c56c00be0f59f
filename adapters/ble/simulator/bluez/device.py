"""A device that BlueZ knows: org.bluez.Device1."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dbus_fast import Variant
from typing_extensions import override

from adapters.ble.simulator.bluez.heard import Heard
from adapters.ble.simulator.bluez.objects import Interface, Method, Properties
from adapters.ble.simulator.bluez.report import Report

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.adapter import Adapter


class Device(Interface):
    """Its object while there is one: for 30 s after it was last heard, as long as it is connected, or paired."""

    name: ClassVar[str] = "org.bluez.Device1"

    def __init__(self, adapter: Adapter, address: str, heard: Heard, *, random: bool) -> None:
        self.adapter = adapter
        self.address = address
        self.heard = heard
        self.path = f"{adapter.path}/dev_{address.replace(':', '_')}"
        self.seen_s = asyncio.get_running_loop().time()
        self.random = random
        self.trusted = False
        self.alias: str | None = None
        adapter.daemon.objects.add(self.path, self)

    @property
    def temporary(self) -> bool:
        """Whether it goes when it has not been heard for a while."""
        return True

    def hear(self, report: Report, *, fresh: bool, step_db: int) -> None:
        """It has advertised once more."""
        self.seen_s = asyncio.get_running_loop().time()
        changed = self.heard.take(report, fresh=fresh, step_db=step_db)
        if "Name" in changed and self.alias is None:
            changed["Alias"] = changed["Name"]
        if changed:
            self.tell(changed)

    def fade(self) -> None:
        """Nobody listens any more."""
        if gone := self.heard.fade():
            self.tell({}, gone)

    def tell(self, now: Properties, gone: tuple[str, ...] = ()) -> None:
        """Properties have changed."""
        self.adapter.daemon.objects.changed(self.path, self.name, now, gone)

    def remove(self) -> None:
        """Forget it."""
        self.adapter.daemon.objects.remove(self.path)

    @override
    def methods(self) -> Mapping[str, Method]:
        return {}

    @override
    def properties(self) -> Properties:
        return {
            "Address": Variant("s", self.address),
            "AddressType": Variant("s", "random" if self.random else "public"),
            "Alias": Variant("s", self.alias or self.heard.name or self.address.replace(":", "-")),
            "Adapter": Variant("o", self.adapter.path),
            "Paired": Variant("b", False),
            "Bonded": Variant("b", False),
            "Trusted": Variant("b", self.trusted),
            "Blocked": Variant("b", False),
            "LegacyPairing": Variant("b", False),
            "Connected": Variant("b", False),
            "ServicesResolved": Variant("b", False),
            **self.heard.properties(),
        }

    @override
    def put(self, name: str, value: Any) -> None:
        if name == "Trusted":
            self.trusted = bool(value)
            self.tell({"Trusted": Variant("b", self.trusted)})
        elif name == "Alias":
            self.alias = str(value) or None
            self.tell({"Alias": self.properties()["Alias"]})
        else:
            super().put(name, value)
