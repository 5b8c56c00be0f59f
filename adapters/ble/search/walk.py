"""All that a connected device offers: its services, and what can be read of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTService
from bleak.uuids import uuidstr_to_str

from adapters.ble import sig
from adapters.ble.config import full_uuid
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.trouble import Trouble, Why
from adapters.ble.search.offered import Characteristic, Said, Service, described
from gateway.model import Result, ResultStatus

HasHandle = TypeVar("HasHandle", BleakGATTService, BleakGATTCharacteristic, BleakGATTDescriptor)
CONFIGURATION = "00002902-0000-1000-8000-00805f9b34fb"
"""Which notifications are on: that is ours to say, so there is nothing to be read."""
NAMELESS = frozenset({"Unknown", "Vendor specific"})
"""What bleak calls whatever nobody knows."""
NUMBERS = (*sig.SERVICES.items(), *sig.DESCRIPTORS.items())
UNANSWERED = "it does not answer: what follows was not read - try again, perhaps with gatt: {pair: true}"


async def walk(connection: Connection) -> Result:
    """`found` of it is one object, as `offered.described` makes it; raises Trouble when the connection is lost."""
    reader = _Reader(connection)
    services = [
        Service(
            service.uuid, tuple([await _characteristic(reader, each) for each in _in_order(service.characteristics)])
        )
        for service in _in_order(connection.offers)
    ]
    return Result(ResultStatus.DONE, found=(described(services, name_of),))


def name_of(uuid: str) -> str:
    """In plain words."""
    known = sig.by_uuid(uuid) or next((name for name, number in NUMBERS if uuid == full_uuid(number)), None)
    if known is not None:
        return known.replace("_", " ")
    words = uuidstr_to_str(uuid)
    return "" if words in NAMELESS else words.lower()


async def _characteristic(reader: _Reader, each: BleakGATTCharacteristic) -> Characteristic:
    said = await reader.read(each) if "read" in each.properties else Said()
    descriptors = [
        (every.uuid, Said() if every.uuid == CONFIGURATION else await reader.read(every)) for every in each.descriptors
    ]
    return Characteristic(each.uuid, tuple(each.properties), said, tuple(descriptors))


def _in_order(attributes: Iterable[HasHandle]) -> list[HasHandle]:
    """As the device has them: bleak has them as BlueZ happens to."""
    return sorted(attributes, key=lambda each: each.handle)


class _Reader:
    """After one that does not answer, none is asked any more: its answer may come yet, and be taken for another's."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_spent = False

    async def read(self, what: BleakGATTCharacteristic | BleakGATTDescriptor) -> Said:
        """Or why it can't be."""
        if self._is_spent:
            return Said(trouble="not read")
        try:
            return Said(await self._connection.read_there(what))
        except Trouble as trouble:
            if trouble.why is Why.TIMEOUT:
                self._is_spent = True
                return Said(trouble=UNANSWERED)
            if not trouble.is_ours:
                raise
            return Said(trouble=str(trouble))
