"""Ruuvi's data format 5, RAWv2 (docs.ruuvi.com, Data format 5). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.simulator.forge.format import Field, Format, Number, Packet, Teller, number
from gateway.model import Value
from gateway.values import Quantity

COMPANY = 0x0499
KIND = 0x05
TX_POWER_DBM, TX_POWER_LEAST_DBM, TX_POWER_STEP = 4, -40, 2
"""What a RuuviTag sends with, and how it says so in the last five bits behind the voltage."""
VOLTAGE_BITS = 11
MILLI_G = 0.00980665
"""In m/s²."""

UNKNOWN: Mapping[str, bytes] = {
    "temperature": b"\x80\x00",
    "humidity": b"\xff\xff",
    "pressure": b"\xff\xff",
    "acceleration_x": b"\x80\x00",
    "acceleration_y": b"\x80\x00",
    "acceleration_z": b"\x80\x00",
}
"""What stands there where nothing is measured, in the order of the format."""

_VOLTAGE = Number(Quantity("uint16", 0.001, 1.6, high=1.6 + 0.001 * (2**VOLTAGE_BITS - 2)), 2, "big")

FIELDS: Mapping[str, Field] = {
    "temperature": number("int16", 0.005, order="big"),
    "humidity": Number(Quantity("uint16", 0.0025, low=0, high=100), 2, "big"),
    "pressure": Number(Quantity("uint16", 0.01, 500.0), 2, "big"),
    "acceleration_x": Number(Quantity("int16", MILLI_G, decimals=4), 2, "big"),
    "acceleration_y": Number(Quantity("int16", MILLI_G, decimals=4), 2, "big"),
    "acceleration_z": Number(Quantity("int16", MILLI_G, decimals=4), 2, "big"),
    "voltage": _VOLTAGE,
    "movements": number("uint8"),
}


def _write(teller: Teller, told: Mapping[str, Value], count: int) -> tuple[Packet, ...]:
    head = b"".join(FIELDS[name].data(told[name]) if name in told else none for name, none in UNKNOWN.items())
    moved = FIELDS["movements"].data(told.get("movements", 0))
    data = bytes([KIND]) + head + _power(told) + moved + (count % 0xFFFF).to_bytes(2, "big") + teller.address
    return (Packet(manufacturer={COMPANY: data}),)


def _power(told: Mapping[str, Value]) -> bytes:
    voltage = 2**VOLTAGE_BITS - 1
    if "voltage" in told:
        voltage = int.from_bytes(_VOLTAGE.data(told["voltage"]), "big")
    sent = (TX_POWER_DBM - TX_POWER_LEAST_DBM) // TX_POWER_STEP
    both: bytes = (voltage << 5 | sent).to_bytes(2, "big")
    return both


RUUVI = Format(usual=("temperature", "humidity", "pressure", "voltage"), fields=FIELDS, write=_write)
