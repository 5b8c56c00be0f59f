"""The services of a device as BlueZ shows them: once learnt, they stay as long as the device's object does."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from dbus_fast import Variant
from typing_extensions import override

from adapters.ble.simulator.bluez.characteristic import CharacteristicObject
from adapters.ble.simulator.bluez.descriptor import DescriptorObject
from adapters.ble.simulator.bluez.objects import Interface, Properties
from adapters.ble.simulator.bluez.peripheral import Peripheral, Service

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.device import Device


class Table:
    """All objects below a device; paths as BlueZ makes them of handles: `service000a/char000b/desc000d`."""

    def __init__(self, device: Device, peripheral: Peripheral) -> None:
        self._objects = device.adapter.daemon.objects
        self._paths: list[str] = []
        self._characteristics: dict[int, CharacteristicObject] = {}
        self.uuids = tuple(service.uuid for service in peripheral.services)
        for service in peripheral.services:
            self._add_service(device, service, peripheral.mtu)

    def notified(self, handle: int, data: bytes) -> bool:
        """A notification has come; whether somebody wanted it."""
        characteristic = self._characteristics.get(handle)
        return characteristic is not None and characteristic.notified(data)

    def left(self, client: str) -> None:
        """A client has left the bus."""
        for characteristic in self._characteristics.values():
            characteristic.left(client)

    def unlinked(self) -> None:
        """The connection is lost, and with it what only it carries."""
        for characteristic in self._characteristics.values():
            characteristic.unlinked()

    def remove(self) -> None:
        """Forget all."""
        self.unlinked()
        for path in reversed(self._paths):
            self._objects.remove(path)

    def _add_service(self, device: Device, service: Service, mtu: int) -> None:
        path = f"{device.path}/service{service.handle:04x}"
        self._add(path, _ServiceObject(device.path, service.uuid))
        for characteristic in service.characteristics:
            at = f"{path}/char{characteristic.handle:04x}"
            shown = CharacteristicObject(device, characteristic, at, path, mtu)
            self._characteristics[characteristic.handle] = shown
            self._add(at, shown)
            for descriptor in characteristic.descriptors:
                self._add(f"{at}/desc{descriptor.handle:04x}", DescriptorObject(device, descriptor, at))

    def _add(self, path: str, interface: Interface) -> None:
        self._paths.append(path)
        self._objects.add(path, interface)


class _ServiceObject(Interface):
    name: ClassVar[str] = "org.bluez.GattService1"

    def __init__(self, device: str, uuid: str) -> None:
        self._device = device
        self._uuid = uuid

    @override
    def properties(self) -> Properties:
        return {
            "UUID": Variant("s", self._uuid),
            "Device": Variant("o", self._device),
            "Primary": Variant("b", True),
            "Includes": Variant("ao", []),
        }
