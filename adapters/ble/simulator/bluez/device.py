"""A device that BlueZ knows: org.bluez.Device1."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from dbus_fast import Variant
from typing_extensions import override

from adapters.ble.simulator.bluez.errors import (
    Refusal,
    already_connected,
    already_exists,
    authentication_canceled,
    busy,
    does_not_exist,
    failed,
    not_connected,
    not_ready,
    not_supported,
)
from adapters.ble.simulator.bluez.heard import Heard
from adapters.ble.simulator.bluez.link import Link
from adapters.ble.simulator.bluez.objects import NOTHING, Answer, Call, Interface, Method, Properties
from adapters.ble.simulator.bluez.pairing import paired
from adapters.ble.simulator.bluez.report import Report
from adapters.ble.simulator.bluez.table import Table

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.adapter import Adapter

CANCELED = "br-connection-canceled"
"""Of a connection that somebody called off while it was made: so named for LE, too (BlueZ 5.66, src/error.h)."""


class Device(Interface):
    """Its object while there is one: for 30 s after it was last heard, as long as it is connected, or paired."""

    name: ClassVar[str] = "org.bluez.Device1"

    def __init__(self, adapter: Adapter, address: str, heard: Heard, *, random: bool) -> None:
        self.adapter = adapter
        self.address = address
        self.heard = heard
        self.random = random
        self.path = f"{adapter.path}/dev_{address.replace(':', '_')}"
        self.seen_s = asyncio.get_running_loop().time()
        self.link: Link | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._bonding: asyncio.Task[None] | None = None
        self._table: Table | None = None
        self._trusted = False
        self._alias: str | None = None
        adapter.daemon.objects.add(self.path, self)

    @property
    def paired(self) -> bool:
        """Whether the radio has keys for it."""
        return self.address in self.adapter.radio.bonds

    @property
    def temporary(self) -> bool:
        """Whether it goes when it has not been heard for a while."""
        return self.link is None and self._attempt is None and not self.paired

    def hear(self, report: Report, *, fresh: bool, step_db: int) -> None:
        """It has advertised once more."""
        self.seen_s = asyncio.get_running_loop().time()
        changed = self.heard.take(report, fresh=fresh, step_db=step_db)
        if "Name" in changed and self._alias is None:
            changed["Alias"] = changed["Name"]
        if changed:
            self._tell(changed)

    def fade(self) -> None:
        """Nobody listens any more."""
        if gone := self.heard.fade():
            self._tell({}, gone)

    def notified(self, handle: int, data: bytes) -> bool:
        """The peripheral notifies; whether somebody wanted it."""
        return self._table is not None and self._table.notified(handle, data)

    async def seal(self) -> None:
        """Return when what is said to it is encrypted. Without an agent that is never, and BlueZ does not say so."""
        if self.paired:
            return
        if self.adapter.daemon.agents.of(None) is None:
            await asyncio.Event().wait()
        await self._bond(None)

    def lose(self) -> None:
        """The connection ends, or the attempt at one: first all are told, then those fail who wait for an answer."""
        if self._attempt is not None:
            self._attempt.cancel()
        link, self.link = self.link, None
        if link is None:
            return
        self.seen_s = asyncio.get_running_loop().time()
        changed = {"Connected": Variant("b", False)}
        if link.resolved:
            changed["ServicesResolved"] = Variant("b", False)
        self._tell(changed)
        self._unlink(link)
        self.adapter.sweep()

    def end(self) -> None:
        """Do nothing any more, and tell nobody."""
        if self._attempt is not None:
            self._attempt.cancel()
        if self.link is not None:
            self._unlink(self.link)

    def left(self, client: str) -> None:
        """A client has left the bus. What it has connected stays so."""
        if self._table is not None:
            self._table.left(client)

    def remove(self) -> None:
        """Forget it."""
        self.lose()
        if self._table is not None:
            self._table.remove()
        self.adapter.daemon.objects.remove(self.path)

    @override
    def methods(self) -> Mapping[str, Method]:
        return {
            "Connect": Method("", "", self._connect),
            "Disconnect": Method("", "", self._disconnect),
            "ConnectProfile": Method("s", "", self._no_profile),
            "DisconnectProfile": Method("s", "", self._no_profile),
            "Pair": Method("", "", self._pair),
            "CancelPairing": Method("", "", self._cancel_pairing),
        }

    @override
    def properties(self) -> Properties:
        paired = Variant("b", self.paired)
        return {
            "Address": Variant("s", self.address),
            "AddressType": Variant("s", "random" if self.random else "public"),
            "Alias": Variant("s", self._alias or self.heard.name or self.address.replace(":", "-")),
            "Adapter": Variant("o", self.adapter.path),
            "Paired": paired,
            "Bonded": paired,
            "Trusted": Variant("b", self._trusted),
            "Blocked": Variant("b", False),
            "LegacyPairing": Variant("b", False),
            "Connected": Variant("b", self.link is not None),
            "ServicesResolved": Variant("b", self.link is not None and self.link.resolved),
            **self.heard.properties(),
        }

    @override
    def put(self, name: str, value: Any) -> None:
        if name == "Trusted":
            self._trusted = bool(value)
            self._tell({"Trusted": Variant("b", self._trusted)})
        elif name == "Alias":
            self._alias = str(value) or None
            self._tell({"Alias": self.properties()["Alias"]})
        else:
            super().put(name, value)

    async def _connect(self, _call: Call) -> Answer:
        if self.link is not None:
            raise already_connected()
        await self._reach()
        return NOTHING

    async def _disconnect(self, _call: Call) -> Answer:
        if self.link is not None:
            self.adapter.daemon.soon(self.lose)
        elif self._attempt is not None:
            self._attempt.cancel()
        else:
            raise not_connected()
        return NOTHING

    async def _no_profile(self, _call: Call) -> Answer:
        raise not_supported()

    async def _pair(self, call: Call) -> Answer:
        if self.paired:
            raise already_exists()
        if self._bonding is not None:
            raise busy()
        if self.link is None:
            await self._reach()
        await self._bond(call.sender)
        return NOTHING

    async def _cancel_pairing(self, _call: Call) -> Answer:
        if self._bonding is None:
            raise does_not_exist()
        self._bonding.cancel()
        return NOTHING

    async def _reach(self) -> None:
        """Return when there is a connection; its services follow."""
        radio = self.adapter.radio
        if not radio.powered:
            raise Refusal(not_ready().name, "br-connection-adapter-not-powered")
        if self._attempt is not None:
            raise busy()
        attempt = asyncio.create_task(self._linked(), name=f"connecting to {self.address}")
        self._attempt = attempt
        try:
            await asyncio.wait({attempt})
        finally:
            attempt.cancel()
            self._attempt = None
        if not attempt.cancelled():
            attempt.result()
        if self.link is None:
            raise failed(CANCELED)

    async def _linked(self) -> None:
        """In the moment in which it is reached: what is lost before anybody hears of it is lost like any other."""
        self.link = Link(self, await self.adapter.radio.reached(self.address))
        self._tell({"Connected": Variant("b", True)})
        self.adapter.daemon.run(self._resolve(self.link), f"services of {self.address}")

    async def _resolve(self, link: Link) -> None:
        """Learn the services, if the device tells them: objects first, then one signal that they are all there."""
        peripheral = link.peripheral
        if peripheral.resolve_s is None:
            return
        await asyncio.sleep(peripheral.resolve_s)
        if self.link is not link:
            return
        changed = {"ServicesResolved": Variant("b", True)}
        if self._table is None:
            self._table = Table(self, peripheral)
            if self.heard.add(self._table.uuids):
                changed["UUIDs"] = self.heard.properties()["UUIDs"]
        link.resolved = True
        self._tell(changed)

    async def _bond(self, client: str | None) -> None:
        if self.link is None:
            raise not_connected()
        agent = self.adapter.daemon.agents.of(client)
        bonding = asyncio.create_task(paired(self.link, agent, self.path, wanted=client is not None), name="pairing")
        self._bonding = bonding
        try:
            await asyncio.wait({bonding})
        finally:
            bonding.cancel()
            self._bonding = None
        if bonding.cancelled():
            raise authentication_canceled()
        bonding.result()
        self.adapter.radio.bonds[self.address] = self.heard, self.random
        self._tell({"Bonded": Variant("b", True), "Paired": Variant("b", True)})

    def _unlink(self, link: Link) -> None:
        link.end()
        if self._table is not None:
            self._table.unlinked()

    def _tell(self, now: Properties, gone: tuple[str, ...] = ()) -> None:
        self.adapter.daemon.objects.changed(self.path, self.name, now, gone)
