"""Xiaomi's MiBeacon, plain or encrypted, with one object in each packet (MiBeacon protocol V5). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.ble.config.names import full_uuid
from adapters.ble.simulator.forge.format import Field, Format, Number, Packet, Teller, number, percent, within
from adapters.ble.simulator.forge.sealing import sealed
from gateway.model import Value

UUID = 0xFE95


class Model(NamedTuple):
    """What its packets begin with: how they are made up, and what sends them."""

    control: int
    product: int


PLAIN = Model(0x2050, 0x01AA)
"""LYWSDCGQ. Version 2; with its address and an object (Frame Control)."""
ENCRYPTED = Model(0x5858, 0x055B)
"""LYWSD03MMC. Version 5; with its address and an encrypted object, registered (Frame Control)."""
BESIDE = b"\x11"
"""What the check covers besides the cipher text (Encryption, Additional Data)."""
COUNTER_BYTES = 3
"""Of a counter's upper bytes, behind the cipher text."""

COLDEST_C, HOTTEST_C = -40, 400
SALTIEST = 50_000
"""In µS/cm: beyond any soil."""

OBJECTS: Mapping[str, tuple[int, Number]] = {
    "temperature": (0x1004, within(COLDEST_C, HOTTEST_C, "int16", 0.1)),
    "humidity": (0x1006, percent("uint16", 0.1)),
    "illuminance": (0x1007, number("uint32", 1, 3)),
    "moisture": (0x1008, percent("uint8")),
    "conductivity": (0x1009, within(0, SALTIEST, "uint16")),
    "battery": (0x100A, percent("uint8")),
}
"""Object numbers, by what decoders call them (Object definitions)."""


def _write(teller: Teller, told: Mapping[str, Value], count: int) -> tuple[Packet, ...]:
    return tuple(
        Packet(services={full_uuid(UUID): _frame(teller, _object(name, value), count + place)})
        for place, (name, value) in enumerate(told.items())
    )


def _object(name: str, value: Value) -> bytes:
    code, what = OBJECTS[name]
    data = what.data(value)
    return code.to_bytes(2, "little") + bytes([len(data)]) + data


def _frame(teller: Teller, said: bytes, count: int) -> bytes:
    model = PLAIN if teller.key is None else ENCRYPTED
    product, number = model.product.to_bytes(2, "little"), bytes([count % 256])
    address = teller.address[::-1]
    head = model.control.to_bytes(2, "little") + product + number + address
    if teller.key is None:
        return head + said
    above = (count // 256 % 2 ** (8 * COUNTER_BYTES)).to_bytes(COUNTER_BYTES, "little")
    text, check = sealed(teller.key, b"".join((address, product, number, above)), said, BESIDE)
    return b"".join((head, text, above, check))


FIELDS: Mapping[str, Field] = {name: what for name, (_, what) in OBJECTS.items()}
XIAOMI = Format(usual=("temperature", "humidity", "battery"), fields=FIELDS, write=_write)
