"""A radio while it is there: what the rest of the adapter knows of Bluetooth."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from types import MappingProxyType
from typing import Any, Self

from bleak.backends.device import BLEDevice

from adapters.ble.advert import Advert
from adapters.ble.air.agent import Agent
from adapters.ble.air.bluez import Bluez
from adapters.ble.air.bus import Bus
from adapters.ble.air.choice import Found, chosen
from adapters.ble.air.ear import Ear
from adapters.ble.air.errors import FOREIGN, translated, words
from adapters.ble.air.inbox import Inbox
from adapters.ble.air.passkeys import Passkeys
from adapters.ble.air.patterns import patterns_for
from adapters.ble.air.scanner import Scanner
from adapters.ble.air.seam import Tenancy
from adapters.ble.config import BleDevice, BleLink
from gateway.adapter import AdapterError

NOTHING: Mapping[str, Coroutine[Any, Any, None]] = MappingProxyType({})
HEARSAY_S = 0.2
"""That a radio is lost shows in what fails before it is told."""
MANAGE_S = 10.0
"""For bleak to learn all that BlueZ knows."""


class Radio:
    """Open until closed; `lost` is done once it can't be used any more, and is the reason.

    `scanner.run()` must run for devices to be heard. `connections`: to so many devices at once, at most.
    """

    def __init__(self, link: BleLink, found: Found, bus: Bus, bluez: Bluez, tenancy: Tenancy) -> None:
        self.name = found.name
        self.path = found.path
        self.address = found.address
        self.link = link
        self.connections = link.connections
        self.lost = bluez.lost
        self.scanner: Scanner
        self.ear: Ear
        self.inbox: Inbox
        self._found = found
        self._bus = bus
        self._bluez = bluez
        self._tenancy = tenancy
        self._agent: Agent | None = None

    @classmethod
    async def opened(cls, link: BleLink, devices: Iterable[BleDevice], hear: Callable[[Advert], None]) -> Self:
        """Found, switched on, ready to scan; raises AdapterError, or PermanentError where a person must act."""
        devices = list(devices)
        tenancy = Tenancy()
        address = tenancy.begin(link.bus)
        try:
            bus = await _connected(address)
        except BaseException:
            await tenancy.end(spoiled=False)
            raise
        bluez = Bluez(bus)
        try:
            found = chosen(await bluez.radios(), link.radio)
            radio = cls(link, found, bus, bluez, tenancy)
            radio.inbox = Inbox(hear, radio.lose)
            radio.scanner = Scanner(link, found, bluez, radio.inbox, patterns=patterns_for(devices))
            radio.ear = radio.scanner.ear
            await radio._begin(devices)
        except BaseException:
            await _closed(bus, tenancy, spoiled=bluez.is_over)
            raise
        return radio

    def device(self, address: str) -> BLEDevice | None:
        """As it was heard last, for connecting; None: it has not been, or BlueZ has dropped it since."""
        known = self.ear.devices.get(address)
        return None if known is None else known.device

    def heard_s(self, address: str) -> float | None:
        """When it was heard last, on the loop's clock."""
        known = self.ear.devices.get(address)
        return None if known is None else known.at_s

    async def seek(self, address: str, within_s: float) -> BLEDevice | None:
        """The same, once it is heard; what BlueZ knows of old, as a paired one, where it is not."""
        device = await self.ear.seek(address, within_s)
        if device is not None:
            return device
        known = await self._bluez.device(address)
        return (
            None if known is None else BLEDevice(address, known[1].get("Name"), {"path": known[0], "props": known[1]})
        )

    async def forget(self, device: BLEDevice) -> None:
        """Have BlueZ drop all that it knows of it, pairing and services, too; raises AdapterError."""
        await self._bluez.remove(device.details["path"])
        self.ear.forget(device.address)

    def lose(self, error: Exception) -> None:
        """For who finds out that it can't be used any more, or has a defect."""
        if not self.lost.done():
            self.lost.set_result(error)

    @property
    def counters(self) -> Mapping[str, int]:
        """What has been heard, what found no room, and what the scan has needed."""
        inbox = self.inbox
        return {"heard": inbox.heard, "overflowed": inbox.overflowed, **asdict(self.scanner.counters)}

    async def serve(self, others: Mapping[str, Coroutine[Any, Any, None]] = NOTHING) -> None:
        """Scan, and do this beside it, by name, until cancelled; raises why it is lost, or what one of these does."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._until_lost(), name="ble-radio")
                tasks.create_task(self.scanner.run(), name="ble-scan")
                for name, other in others.items():
                    tasks.create_task(other, name=name)
        except BaseExceptionGroup as group:
            await asyncio.wait({self.lost}, timeout=HEARSAY_S)
            raise _reason(group, self.lost) from None

    async def close(self) -> None:
        """After the scan and all connections have ended."""
        self.inbox.close()
        if self._agent is not None:
            self._agent.retire()
        await _closed(self._bus, self._tenancy, spoiled=self._bluez.is_over)

    async def _until_lost(self) -> None:
        await asyncio.wait({self.lost})  # a future that is awaited itself is cancelled with who does
        raise self.lost.result()

    async def _begin(self, devices: list[BleDevice]) -> None:
        await self._bluez.follow(self._found)
        if not self._bluez.is_powered:
            await self._switched_on()
        with translated(f"the radio {self._found}"):
            async with asyncio.timeout(MANAGE_S):
                await self._tenancy.manage()
        passkeys = Passkeys(devices)
        if passkeys:
            self._agent = Agent(self.path, passkeys)
            await self._agent.register(self._bus)

    async def _switched_on(self) -> None:
        if not self.link.power_cycle:
            raise AdapterError(f"the radio {self._found} is switched off: `bluetoothctl power on`")
        await self._bluez.switch_on()


def _reason(group: BaseExceptionGroup[BaseException], lost: asyncio.Future[Exception]) -> BaseException:
    """What all others followed from."""
    if lost.done():
        return lost.result()
    first = group.exceptions[0]
    return _reason(first, lost) if isinstance(first, BaseExceptionGroup) else first


async def _connected(address: str) -> Bus:
    try:
        return await Bus.opened(address)
    except PermissionError as error:
        raise AdapterError(f"D-Bus at {address} can't be used: {words(error)}") from error
    except FOREIGN as error:
        raise AdapterError(
            f"there is no D-Bus at {address} ({words(error)}): is dbus running? A container needs the host's "
            "/run/dbus/system_bus_socket"
        ) from error


async def _closed(bus: Bus, tenancy: Tenancy, *, spoiled: bool) -> None:
    try:
        await bus.close()
    finally:
        with suppress(*FOREIGN):
            await tenancy.end(spoiled=spoiled)
