"""Characteristics by their names, and what their bytes mean (Bluetooth SIG, GATT Specification Supplement). Pure."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from gateway.model import Kind, Value


class Undecodable(ValueError):
    """The bytes are not what the format says."""


class SigField(NamedTuple):
    """One value of a characteristic."""

    kind: Kind
    unit: str | None = None


class Characteristic(NamedTuple):
    """`fields` by name; the only one of a simple characteristic is called like itself.

    `decode` raises Undecodable; a field that the bytes do not hold, or that says "not known", is left out.
    """

    uuid: int
    fields: Mapping[str, SigField]
    decode: Callable[[bytes], Mapping[str, Value]]


def _battery(data: bytes) -> Mapping[str, Value]:
    if len(data) != 1 or data[0] > 100:
        raise Undecodable("a battery level is one byte, 0 to 100")
    return {"battery_level": data[0]}


def _temperature(data: bytes) -> Mapping[str, Value]:
    if len(data) != 2:
        raise Undecodable("a temperature is two bytes")
    (raw,) = struct.unpack("<h", data)
    return {} if raw == -0x8000 else {"temperature": raw / 100}


CHARACTERISTICS: Mapping[str, Characteristic] = MappingProxyType(
    {
        "battery_level": Characteristic(0x2A19, {"battery_level": SigField("int", "%")}, _battery),
        "temperature": Characteristic(0x2A6E, {"temperature": SigField("float", "°C")}, _temperature),
    }
)
CHARACTERISTIC_UUIDS: Mapping[str, int] = MappingProxyType({name: each.uuid for name, each in CHARACTERISTICS.items()})
_BY_UUID = {f"{each.uuid:08x}-0000-1000-8000-00805f9b34fb": name for name, each in CHARACTERISTICS.items()}


def by_uuid(uuid: str) -> str | None:
    """The standard name of what has this UUID, all its bits in small letters."""
    return _BY_UUID.get(uuid)
