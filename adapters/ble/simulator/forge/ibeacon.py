"""Apple's iBeacon (Proximity Beacon Specification R1, 2). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.simulator.forge.format import Field, Format, Packet, Teller, number
from adapters.ble.simulator.forge.words import Uuid
from gateway.model import Value

COMPANY = 0x004C
HEAD = b"\x02\x15"
"""What it is, and how many bytes follow."""

FIELDS: Mapping[str, Field] = {
    "uuid": Uuid(),
    "major": number("uint16", order="big"),
    "minor": number("uint16", order="big"),
    "measured_power": number("int8"),
}
BEGINS: Mapping[str, Value] = {
    "uuid": "fda50693-a4e2-4fb1-afcf-c6eb07647825",
    "major": 1,
    "minor": 1,
    "measured_power": -59,
}
"""What stands there where nobody wants to know; the power at one metre is in dBm."""


def _write(_teller: Teller, told: Mapping[str, Value], _count: int) -> tuple[Packet, ...]:
    said = {**BEGINS, **told}
    return (Packet(manufacturer={COMPANY: HEAD + b"".join(field.data(said[name]) for name, field in FIELDS.items())}),)


IBEACON = Format(usual=("uuid", "major", "minor"), fields=FIELDS, write=_write, begins=BEGINS)
