"""What the devices of the BLE bench advertise, known to who sends it and to who checks it at the broker.

Every advertisement carries its number, and every value of it differs from the one before, so that all of it is told.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.ble.config.names import full_uuid
from adapters.ble.simulator.forge.format import Packet
from adapters.ble.simulator.forge.sealing import sealed

BTHOME, ATC, RUUVI, GOVEE, OURS = full_uuid(0xFCD2), full_uuid(0x181A), 0x0499, 0xEC88, 0xFFFF
KEY = bytes.fromhex("231d39c1d7cc1ab1aee224cd096db932")
SECRETS = f'key: "{KEY.hex()}"\n'
PLAIN, ENCRYPTED = b"\x40", b"\x41"
"""Device information of BTHome, version 2 (bthome.io/format)."""
OBJECTS = struct.Struct("<BBBhBHBI")
RUUVI_5 = struct.Struct(">BhHHhhhHBH6s")
ATC_CUSTOM = struct.Struct("<6shHHBBB")
FIELDS = struct.Struct("<IhfB")
MILLI_G = 980_665
"""In 10^-8 m/s² (ISO 80000-3)."""
LAST = 7_999
"""The highest number that all kinds can tell: at ten a second of each device it is reached after 13 minutes."""

Values = Mapping[str, float]


@dataclass(frozen=True)
class Kind:
    """`device` is YAML; `pack` is of an address, most significant byte first, and a number, `values` of a number."""

    name: str
    device: str
    pack: Callable[[bytes, int], Packet]
    values: Callable[[int], Values]


def kind_of(device: int) -> Kind:
    """They take turns."""
    return KINDS[device % len(KINDS)]


def address_of(device: int) -> bytes:
    """Public ones."""
    return b"\xa4\xc1\x38" + device.to_bytes(3, "big")


def written(address: bytes) -> str:
    """As people write it."""
    return address.hex(":").upper()


def stranger(number: int) -> tuple[bytes, Packet]:
    """Somebody who is not in the configuration, and what it says: one of a hundred."""
    return b"\xa4\xc1\x39" + (number % 100).to_bytes(3, "big"), Packet(manufacturer={0x004C: number.to_bytes(8, "big")})


def _cold(number: int) -> int:
    """In hundredths."""
    return number % 6_000 - 2_000


def _wet(number: int) -> int:
    """In hundredths."""
    return number % 10_001


def _objects(number: int) -> bytes:
    return OBJECTS.pack(0x00, number % 256, 0x02, _cold(number), 0x03, _wet(number), 0x3E, number)


def _bthome(_address: bytes, number: int) -> Packet:
    return Packet(services={BTHOME: PLAIN + _objects(number)})


def _bthome_sealed(address: bytes, number: int) -> Packet:
    counter = number.to_bytes(4, "little")
    text, check = sealed(KEY, address + b"\xd2\xfc" + ENCRYPTED + counter, _objects(number))
    return Packet(services={BTHOME: ENCRYPTED + text + counter + check})


def _ruuvi(address: bytes, number: int) -> Packet:
    forces = [number % 1000 + axis for axis in range(3)]
    power = number % 1000 << 5
    data = RUUVI_5.pack(5, number, number, number, *forces, power, number % 255, number, address)
    return Packet(manufacturer={RUUVI: data})


def _atc(address: bytes, number: int) -> Packet:
    data = ATC_CUSTOM.pack(address[::-1], _cold(number), _wet(number), number, number % 101, number % 256, number % 2)
    return Packet(services={ATC: data})


def _fields(_address: bytes, number: int) -> Packet:
    return Packet(manufacturer={OURS: FIELDS.pack(number, _cold(number), number / 4, number % 2)})


def _govee(address: bytes, number: int) -> Packet:
    both = number * 1000 + number % 1000
    data = b"\0" + both.to_bytes(3, "big") + bytes([number % 101, 0])
    return Packet(manufacturer={GOVEE: data}, name=f"GVH5075_{address[-2:].hex().upper()}")


def _climate(number: int) -> Values:
    return {"number": number, "t": _cold(number) / 100, "h": _wet(number) / 100}


def _ruuvi_values(number: int) -> Values:
    tenths_of_mm = [((number % 1000 + axis) * MILLI_G + 5_000) // 10_000 for axis in range(3)]
    return {
        "number": number,
        "t": number / 200,
        "h": number / 400,
        "v": (number % 1000 + 1600) / 1000,
        **{name: each / 10_000 for name, each in zip("xyz", tenths_of_mm, strict=True)},
    }


def _govee_values(number: int) -> Values:
    return {"number": number, "t": number / 10, "h": number % 1000 / 10, "b": number % 101}


CLIMATE = "t: {from: temperature}, h: {from: humidity}"
COUNTED = f"points: {{number: {{from: count}}, {CLIMATE}}}"
KINDS = (
    Kind("bthome", f"decoder: bthome, {COUNTED}", _bthome, _climate),
    Kind("bthome, encrypted", f'decoder: bthome, key: "${{secret:key}}", {COUNTED}', _bthome_sealed, _climate),
    Kind("bthome by auto", f"decoder: auto, {COUNTED}", _bthome, _climate),
    Kind(
        "ruuvi",
        "decoder: ruuvi, points: {number: {from: pressure, scale: 100, offset: -50000, decimals: 0},"
        f" {CLIMATE}, v: {{from: voltage}}, x: {{from: acceleration_x}}, y: {{from: acceleration_y}},"
        " z: {from: acceleration_z}}",
        _ruuvi,
        _ruuvi_values,
    ),
    Kind(
        "atc",
        f"decoder: atc, points: {{number: {{from: voltage, scale: 1000, decimals: 0}}, {CLIMATE},"
        " b: {from: battery}, i: {from: input}}",
        _atc,
        lambda number: {**_climate(number), "b": number % 101, "i": number % 2 == 1},
    ),
    Kind(
        "fields",
        f"data: {{manufacturer: 0x{OURS:04X}, length: {FIELDS.size}}}, points: {{number: {{at: 0, type: uint32,"
        " order: DCBA}, t: {at: 4, type: int16, order: DCBA, scale: 0.01}, f: {at: 6, type: float32, order: DCBA},"
        " i: {at: 10, type: bool}}",
        _fields,
        lambda number: {"number": number, "t": _cold(number) / 100, "f": number / 4, "i": number % 2 == 1},
    ),
    Kind(
        "govee",
        "decoder: govee, points: {number: {from: temperature, scale: 10, decimals: 0},"
        f" {CLIMATE}, b: {{from: battery}}}}",
        _govee,
        _govee_values,
    ),
)
