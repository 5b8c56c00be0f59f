"""Where in a connected device a characteristic or descriptor is, and what there is instead of one it does not have."""

from __future__ import annotations

from collections.abc import Iterable

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.service import BleakGATTServiceCollection

from adapters.ble import sig
from adapters.ble.config import Attribute
from adapters.ble.config.names import BASE
from adapters.ble.gatt.trouble import Trouble, Why

SHOWN = 12
"""Of what there is; more than that nobody reads in a status."""


def characteristic(services: BleakGATTServiceCollection, attribute: Attribute) -> BleakGATTCharacteristic:
    """The one that is meant, or the one that the meant descriptor belongs to; raises Trouble, MISSING.

    Of several in one service the first, as the device has them; BlueZ tells them in any order.
    """
    everything = [each for _, each in sorted(services.characteristics.items())]
    found = [each for each in everything if each.uuid == attribute.characteristic]
    meant = [each for each in found if attribute.service in (None, each.service_uuid)]
    if not meant:
        where = f" in service {short(attribute.service)}" if attribute.service else ""
        there = _list(short(each.uuid) for each in everything)
        raise Trouble(Why.MISSING, f"it has no characteristic {short(attribute.characteristic)}{where}, only {there}")
    if attribute.service is None and len({each.service_uuid for each in meant}) > 1:
        there = _list(short(each.service_uuid) for each in meant)
        what = short(attribute.characteristic)
        raise Trouble(Why.MISSING, f"it has {what} in several services, {there}: say which in `service`")
    return meant[0]


def descriptor(services: BleakGATTServiceCollection, attribute: Attribute) -> BleakGATTDescriptor:
    """Raises Trouble, MISSING."""
    owner = characteristic(services, attribute)
    for each in owner.descriptors:
        if each.uuid == attribute.descriptor:
            return each
    there = _list(short(each.uuid) for each in owner.descriptors)
    wanted = f"descriptor {short(attribute.descriptor or '')} at characteristic {short(owner.uuid)}"
    raise Trouble(Why.MISSING, f"it has no {wanted}, only {there}")


def short(uuid: str) -> str:
    """As people write it: its standard name, its four digits, or all of it."""
    name = sig.by_uuid(uuid)
    if name is not None:
        return name
    return uuid[4:8] if uuid.startswith("0000") and uuid.endswith(BASE) else uuid


def called(attribute: Attribute) -> str:
    """For people."""
    if attribute.descriptor is None:
        return short(attribute.characteristic)
    return f"{short(attribute.descriptor)} of {short(attribute.characteristic)}"


def _list(names: Iterable[str]) -> str:
    known = list(dict.fromkeys(names))
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return (", ".join(known[:SHOWN]) or "none at all") + more
