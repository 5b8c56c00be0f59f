"""A descriptor of a characteristic: org.bluez.GattDescriptor1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from dbus_fast import Variant
from typing_extensions import override

from adapters.ble.simulator.bluez.attribute import Attribute
from adapters.ble.simulator.bluez.errors import not_permitted
from adapters.ble.simulator.bluez.objects import NOTHING, Answer, Call, Interface, Method, Properties
from adapters.ble.simulator.bluez.peripheral import CCCD, Descriptor

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.device import Device


class DescriptorObject(Interface):
    """Reads and writes it; who wants notifications calls StartNotify instead of writing to theirs."""

    name: ClassVar[str] = "org.bluez.GattDescriptor1"

    def __init__(self, device: Device, descriptor: Descriptor, characteristic: str) -> None:
        self._attribute = Attribute(device, descriptor.handle)
        self._uuid = descriptor.uuid
        self._characteristic = characteristic
        self._value: bytes | None = None

    @override
    def methods(self) -> Mapping[str, Method]:
        return {
            "ReadValue": Method("a{sv}", "ay", self._read),
            "WriteValue": Method("aya{sv}", "", self._write),
        }

    @override
    def properties(self) -> Properties:
        told = {"UUID": Variant("s", self._uuid), "Characteristic": Variant("o", self._characteristic)}
        return told if self._value is None else {**told, "Value": Variant("ay", self._value)}

    async def _read(self, call: Call) -> Answer:
        self._value = await self._attribute.read(call)
        return Answer("ay", (self._value,))

    async def _write(self, call: Call) -> Answer:
        if self._uuid == CCCD:
            raise not_permitted("Write not permitted")
        await self._attribute.request(bytes(call.body[0]))
        return NOTHING
