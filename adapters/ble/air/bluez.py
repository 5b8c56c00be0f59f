"""What BlueZ has: its radios, whether they are on, and what becomes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from bleak.exc import BleakDBusError
from dbus_fast import Message, Variant

from adapters.ble.air.bus import BLUEZ, Bus
from adapters.ble.air.choice import Found
from adapters.ble.air.errors import UNKNOWN_METHOD, UNKNOWN_OBJECT, code_of, translated
from gateway.adapter import AdapterError

ADAPTER1 = "org.bluez.Adapter1"
DEVICE1 = "org.bluez.Device1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECTS = "org.freedesktop.DBus.ObjectManager"
"""Interfaces (BlueZ, doc/org.bluez.Adapter.rst and doc/org.bluez.Device.rst; D-Bus Specification 0.43)."""

POWER_S = 10.0
"""For a radio to be switched on: a dongle loads its firmware then."""
OFF_S = 0.5
"""Between off and on, so that the kernel really lets it go."""

CENTRAL = "central"

ENDED = "BlueZ has ended: `journalctl -u bluetooth` tells why, and once it runs again it is used again"
ANEW = "BlueZ has been started anew"

UNKNOWN = frozenset({UNKNOWN_OBJECT, UNKNOWN_METHOD, "org.bluez.Error.DoesNotExist"})
"""What is said where BlueZ has no such device, or not any more."""

Objects = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Properties by interface by path."""


class Bluez:
    """One radio of BlueZ's, once it is chosen; `lost` is done when it can't be used any more, and says why."""

    def __init__(self, bus: Bus) -> None:
        self.lost: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self.is_discovering = self.is_powered = False
        self.forgotten: Callable[[str], None] = _to_nobody
        """Is told the address of each device of this radio that BlueZ drops."""
        self.is_over = False
        """BlueZ has ended, perhaps for another one: nothing that it said is so any more."""
        self._bus = bus
        self._radio = ""
        self._path = ""
        self._is_cycling = False
        bus.ended.add_done_callback(self._bus_ended)

    async def radios(self) -> list[Found]:
        """All there are; raises AdapterError."""
        with translated("Bluetooth"):
            objects = await self._objects()
        return [
            Found(path, adapter["Address"], bool(adapter.get("Powered")), CENTRAL in adapter.get("Roles", [CENTRAL]))
            for path, interfaces in sorted(objects.items())
            if (adapter := interfaces.get(ADAPTER1)) is not None
        ]

    async def follow(self, radio: Found) -> None:
        """From now on `lost` is about this one; raises AdapterError."""
        self._radio, self._path = str(radio), radio.path
        with translated(self._about):
            await self._bus.watch(
                self._hear,
                f"sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='{BLUEZ}'",
                f"sender='{BLUEZ}',interface='{PROPERTIES}',path='{radio.path}',arg0='{ADAPTER1}'",
                f"sender='{BLUEZ}',interface='{OBJECTS}',member='InterfacesRemoved',arg0path='/org/bluez/'",
            )
            properties = await self._bus.call(radio.path, PROPERTIES, "GetAll", "s", ADAPTER1)
        self.is_discovering = bool(properties[0].get("Discovering"))
        self.is_powered = bool(properties[0].get("Powered"))

    async def switch_on(self) -> None:
        """Raises AdapterError."""
        self._is_cycling = True
        try:
            await self._power(is_on=True)
        finally:
            self._is_cycling = False

    async def power_cycle(self) -> None:
        """Off and on again, which ends all of its connections, of others, too; raises AdapterError.

        It is on afterwards also where this is cancelled: others use it, too.
        """
        self._is_cycling = True
        try:
            await self._power(is_on=False)
            await asyncio.sleep(OFF_S)
        finally:
            try:
                await self._power(is_on=True)
            finally:
                self._is_cycling = False

    async def connected(self) -> list[str]:
        """Addresses of the devices that anybody is connected to through this radio; raises AdapterError."""
        with translated(self._about):
            objects = await self._objects()
        return [
            device["Address"]
            for path, interfaces in objects.items()
            if path.startswith(f"{self._path}/")
            and (device := interfaces.get(DEVICE1)) is not None
            and device.get("Connected")
        ]

    async def device(self, address: str) -> tuple[str, Mapping[str, Any]] | None:
        """The path and the properties of one that BlueZ knows; raises AdapterError."""
        path = f"{self._path}/dev_{address.replace(':', '_')}"
        with translated(self._about):
            try:
                return path, (await self._bus.call(path, PROPERTIES, "GetAll", "s", DEVICE1))[0]
            except BleakDBusError as error:
                if code_of(error) not in UNKNOWN:
                    raise
        return None

    async def remove(self, path: str) -> None:
        """Have BlueZ forget a device, its services and its pairing; raises AdapterError."""
        with translated(self._about):
            try:
                await self._bus.call(self._path, ADAPTER1, "RemoveDevice", "o", path)
            except BleakDBusError as error:
                if code_of(error) not in UNKNOWN:
                    raise

    @property
    def _about(self) -> str:
        return f"the radio {self._radio}" if self._radio else "Bluetooth"

    async def _objects(self) -> Objects:
        objects: Objects = (await self._bus.call("/", OBJECTS, "GetManagedObjects"))[0]
        return objects

    async def _power(self, *, is_on: bool) -> None:
        with translated(f"{self._about} can't be switched {'on' if is_on else 'off'}"):
            await self._bus.call(
                self._path, PROPERTIES, "Set", "ssv", ADAPTER1, "Powered", Variant("b", is_on), timeout_s=POWER_S
            )

    def _hear(self, message: Message) -> None:
        if message.member == "NameOwnerChanged":
            if message.body[0] == BLUEZ:
                self.is_over = True
                self._lose(ANEW if message.body[2] else ENDED)
        elif message.member == "InterfacesRemoved":
            self._removed(*message.body)
        elif message.member == "PropertiesChanged" and message.path == self._path and message.body[0] == ADAPTER1:
            self._changed({name: variant.value for name, variant in message.body[1].items()})

    def _removed(self, path: str, interfaces: list[str]) -> None:
        if path == self._path and ADAPTER1 in interfaces:
            self._lose(f"the radio {self._radio} is gone: plug it in again")
        elif DEVICE1 in interfaces and path.startswith(f"{self._path}/"):
            self.forgotten(path.rpartition("/dev_")[2].replace("_", ":"))

    def _changed(self, properties: Mapping[str, Any]) -> None:
        self.is_discovering = bool(properties.get("Discovering", self.is_discovering))
        if properties.get("Powered") is False and not self._is_cycling:
            self._lose(
                f"the radio {self._radio} is switched off: `bluetoothctl power on`, or `rfkill unblock bluetooth`"
            )

    def _bus_ended(self, _ended: asyncio.Task[None]) -> None:
        self._lose("D-Bus has ended the connection: is its daemon running?")

    def _lose(self, why: str) -> None:
        if not self.lost.done():
            self.lost.set_result(AdapterError(why))


def _to_nobody(_address: str) -> None:
    """Until somebody asks."""
