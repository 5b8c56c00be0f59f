"""Govee's H5075: both values in one number of six decimal digits (wcbonner/GoveeBTTempLogger, README). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.simulator.forge.format import Field, Format, Packet, Teller, percent, within
from gateway.model import Value

COMPANY = 0xEC88
BELOW_ZERO = 0x800000
"""The bit that is the sign of the temperature."""
APART = 1000
"""The humidity has three digits, and what is above them is the temperature, both in tenths."""
COLDEST_C, HOTTEST_C, MOST_PERCENT = -40, 400, 99.9

FIELDS: Mapping[str, Field] = {
    "temperature": within(COLDEST_C, HOTTEST_C, "int16", 0.1),
    "humidity": within(0, MOST_PERCENT, "uint16", 0.1),
    "battery": percent("uint8"),
}
BEGINS: Mapping[str, Value] = {"temperature": 20.0, "humidity": 50.0, "battery": 100}


def _write(teller: Teller, told: Mapping[str, Value], _count: int) -> tuple[Packet, ...]:
    said = {**BEGINS, **told}
    tenths = int.from_bytes(FIELDS["temperature"].data(said["temperature"]), "little", signed=True)
    humidity = int.from_bytes(FIELDS["humidity"].data(said["humidity"]), "little")
    both = abs(tenths) * APART + humidity + (BELOW_ZERO if tenths < 0 else 0)
    data = b"\0" + both.to_bytes(3, "big") + FIELDS["battery"].data(said["battery"]) + b"\0"
    return (Packet(manufacturer={COMPANY: data}, name=f"GVH5075_{teller.address[-2:].hex().upper()}"),)


GOVEE = Format(usual=("temperature", "humidity", "battery"), fields=FIELDS, write=_write)
