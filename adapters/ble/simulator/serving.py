"""A simulated device's characteristics, as BlueZ's peripherals have them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import groupby

from adapters.ble.config import Attribute
from adapters.ble.simulator.bluez import AttError, Characteristic, Descriptor, Peripheral, Service
from adapters.ble.simulator.cabinet import Refused, Told
from adapters.ble.simulator.unit import Unit

ANSWER_S = 0.01
"""From the response to a write to what is then told: a device has to think, too."""
NOT_AUTHORIZED = 0x08
VALUE_NOT_ALLOWED = 0x13
"""Errors (Core Specification 6.0, Vol 3, Part F, 3.4.1.1)."""
SEALED = {"read": "encrypt-read", "write": "encrypt-write"}
"""What pairing must come before."""


class Server:
    """Of one device; `peripheral` is what a radio knows."""

    def __init__(self, unit: Unit, address: str) -> None:
        self._unit = unit
        gatt = unit.device.gatt
        self._pairs = gatt.pairs
        self.peripheral = Peripheral(
            address,
            unit.voice.name,
            [*self._services()],
            passkey=gatt.passkey.get_secret_value() if gatt.passkey is not None else None,
            random=unit.device.identity_key is not None,
        )

    def tell(self, told: Told | None) -> None:
        """Notify, if there is anything to be told and somebody wants to know."""
        if told is not None:
            self.peripheral.notify(told.attribute.characteristic, told.data)

    def tell_all(self) -> None:
        """All that is ever notified, once more."""
        for attribute, cell in self._unit.cabinet.cells.items():
            if self._unit.cabinet.tells(attribute):
                self.tell(Told(attribute, cell.data))

    def let_in(self, *, connects: bool) -> None:
        """Whether anybody can connect; nobody stays who can't."""
        self.peripheral.connect_s = 0.0 if connects else None
        if not connects:
            self.peripheral.hang_up()

    def _services(self) -> Iterable[Service]:
        places = sorted(self._unit.cabinet.cells, key=lambda place: (place.service or "", place.characteristic))
        for service, within in groupby(places, lambda place: place.service):
            grouped = groupby(within, lambda place: place.characteristic)
            yield Service(service or "", [self._characteristic(uuid, [*alike]) for uuid, alike in grouped])

    def _characteristic(self, uuid: str, places: list[Attribute]) -> Characteristic:
        own = next((place for place in places if place.descriptor is None), None)
        descriptors = [self._descriptor(place, place.descriptor) for place in places if place.descriptor is not None]
        if own is None:
            return Characteristic(uuid, ["read"], descriptors=descriptors)
        flags, read, write = self._flags(own), self._reader(own), self._writer(own)
        return Characteristic(uuid, flags, read=read, write=write, descriptors=descriptors)

    def _descriptor(self, place: Attribute, uuid: str) -> Descriptor:
        return Descriptor(uuid, flags=self._flags(place), read=self._reader(place), write=self._writer(place))

    def _flags(self, place: Attribute) -> list[str]:
        flags = self._unit.cabinet.flags(place)
        return [*flags, *(SEALED[flag] for flag in flags if self._pairs and flag in SEALED)]

    def _reader(self, place: Attribute) -> Callable[[], Awaitable[bytes]]:
        async def read() -> bytes:
            await self._think()
            return self._unit.said(self._unit.cabinet.cells[place].data)

        return read

    def _writer(self, place: Attribute) -> Callable[[bytes], Awaitable[None]]:
        async def write(data: bytes) -> None:
            await self._think()
            try:
                told = self._unit.cabinet.write(place, data)
            except Refused:
                raise AttError(VALUE_NOT_ALLOWED) from None
            for each in told:
                asyncio.get_running_loop().call_later(ANSWER_S, self.tell, each)

        return write

    async def _think(self) -> None:
        if self._unit.fault.after_s:
            await asyncio.sleep(self._unit.fault.after_s)
        if self._unit.fault.rejects:
            raise AttError(NOT_AUTHORIZED)
