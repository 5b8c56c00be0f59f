"""A characteristic of a device: org.bluez.GattCharacteristic1."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from dbus_fast import Variant
from typing_extensions import override

from adapters.ble.simulator.bluez.attribute import Attribute, options
from adapters.ble.simulator.bluez.errors import Refusal, failed, not_permitted, not_supported
from adapters.ble.simulator.bluez.objects import NOTHING, Answer, Call, Interface, Method, Properties
from adapters.ble.simulator.bluez.peripheral import TOLD, Characteristic
from adapters.ble.simulator.bluez.pipe import Pipe

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.device import Device

SHOWN: Final = (
    "broadcast",
    "read",
    "write-without-response",
    "write",
    "notify",
    "indicate",
    "authenticated-signed-writes",
    "extended-properties",
    "reliable-write",
    "writable-auxiliaries",
)
"""Flags that a device tells, in BlueZ's order (src/gatt-client.c)."""


class CharacteristicObject(Interface):
    """Reads, writes and tells of what is notified."""

    name: ClassVar[str] = "org.bluez.GattCharacteristic1"

    def __init__(self, device: Device, characteristic: Characteristic, path: str, service: str, mtu: int) -> None:
        self._device = device
        self._attribute = Attribute(device, characteristic.handle)
        self._uuid = characteristic.uuid
        self._flags = [flag for flag in SHOWN if flag in characteristic.flags]
        self._path = path
        self._service = service
        self._mtu = mtu
        self._value: bytes | None = None
        self._told: set[str] = set()
        self._pipes: dict[str, Pipe] = {}

    def notified(self, data: bytes) -> bool:
        """A notification has come; whether somebody wanted it."""
        pipe = self._pipes.get("NotifyAcquired")
        if pipe is not None:
            pipe.send(data)
        if self._told:
            self._changed(data)
        return pipe is not None or bool(self._told)

    def left(self, client: str) -> None:
        """A client has left the bus."""
        if client in self._told:
            self._untell(client)

    def unlinked(self) -> None:
        """The connection is lost; BlueZ asks anew for notifications when there is one again."""
        for kind in [*self._pipes]:
            self._pipes.pop(kind).close()
            self._tell({kind: Variant("b", False)})

    @override
    def methods(self) -> Mapping[str, Method]:
        return {
            "ReadValue": Method("a{sv}", "ay", self._read),
            "WriteValue": Method("aya{sv}", "", self._write),
            "StartNotify": Method("", "", self._start_notify),
            "StopNotify": Method("", "", self._stop_notify),
            "AcquireNotify": Method("a{sv}", "hq", self._acquire_notify),
            "AcquireWrite": Method("a{sv}", "hq", self._acquire_write),
        }

    @override
    def properties(self) -> Properties:
        told = {
            "UUID": Variant("s", self._uuid),
            "Service": Variant("o", self._service),
            "Flags": Variant("as", self._flags),
            "MTU": Variant("q", self._mtu),
        }
        if self._value is not None:
            told["Value"] = Variant("ay", self._value)
        if TOLD & set(self._flags):
            told["Notifying"] = Variant("b", bool(self._told))
        if "notify" in self._flags:
            told["NotifyAcquired"] = Variant("b", "NotifyAcquired" in self._pipes)
        if "write-without-response" in self._flags:
            told["WriteAcquired"] = Variant("b", "WriteAcquired" in self._pipes)
        return told

    async def _read(self, call: Call) -> Answer:
        value = await self._attribute.read(call)
        self._changed(value)  # as if it had been notified: BlueZ does not tell one from the other
        return Answer("ay", (value,))

    async def _write(self, call: Call) -> Answer:
        data, kind = bytes(call.body[0]), options(call, 1).get("type")
        if "WriteAcquired" in self._pipes:
            raise not_permitted("Write acquired")
        if kind is None and "write" not in self._flags and "write-without-response" not in self._flags:
            raise not_supported()
        if kind == "command" or (kind is None and "write" not in self._flags):
            self._attribute.command(data, self._mtu)
        else:
            await self._attribute.request(data)
        return NOTHING

    async def _start_notify(self, call: Call) -> Answer:
        if not TOLD & set(self._flags):
            raise not_supported()
        if "NotifyAcquired" in self._pipes:
            raise not_permitted("Notify acquired")
        if call.sender in self._told:
            raise failed("Already notifying")
        if self._device.link is not None:
            await self._device.link.ask(_asked)
        first = not self._told
        self._told.add(call.sender)
        if first:
            self._tell({"Notifying": Variant("b", True)})
        return NOTHING

    async def _stop_notify(self, call: Call) -> Answer:
        if call.sender not in self._told:
            raise failed("No notify session started")
        self._untell(call.sender)
        return NOTHING

    async def _acquire_notify(self, _call: Call) -> Answer:
        if self._told or "NotifyAcquired" in self._pipes:
            raise not_permitted("Notify acquired")
        return await self._acquire("notify", "NotifyAcquired")

    async def _acquire_write(self, _call: Call) -> Answer:
        if "WriteAcquired" in self._pipes:
            raise not_permitted("Write acquired")
        return await self._acquire("write-without-response", "WriteAcquired")

    async def _acquire(self, flag: str, kind: str) -> Answer:
        if flag not in self._flags:
            raise not_supported()
        await self._attribute.link.ask(_asked)
        pipe = self._pipes[kind] = Pipe(self._written, lambda: self._released(kind))
        self._tell({kind: Variant("b", True)})
        return Answer("hq", (0, self._mtu), (pipe.theirs,))

    def _written(self, data: bytes) -> None:
        with contextlib.suppress(Refusal):
            self._attribute.command(data, self._mtu)

    def _released(self, kind: str) -> None:
        if self._pipes.pop(kind, None) is not None:
            self._tell({kind: Variant("b", False)})

    def _untell(self, client: str) -> None:
        self._told.discard(client)
        if not self._told:
            self._tell({"Notifying": Variant("b", False)})

    def _changed(self, value: bytes) -> None:
        self._value = value
        self._tell({"Value": Variant("ay", value)})

    def _tell(self, now: Properties) -> None:
        self._device.adapter.daemon.objects.changed(self._path, self.name, now)


async def _asked() -> None:
    """What is written to a device so that it notifies: it takes its turn, and nothing comes of it here."""
