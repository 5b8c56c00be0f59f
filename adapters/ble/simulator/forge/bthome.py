"""BTHome version 2 (bthome.io, Format): objects, in several packets where one can't hold them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from adapters.ble.config.names import full_uuid
from adapters.ble.simulator.forge.format import (
    ADVERT_BYTES,
    FLAGS_BYTES,
    Format,
    Number,
    Packet,
    Teller,
    base_of,
    flag,
    labels,
    number,
    percent,
)
from adapters.ble.simulator.forge.sealing import CHECK_BYTES, sealed
from gateway.model import Value

UUID = 0xFCD2
HEAD_BYTES = 4
"""Of service data: length, type, UUID (Core Specification Supplement, Part A, 1.11)."""
ROOM = ADVERT_BYTES - FLAGS_BYTES - HEAD_BYTES
"""Bytes of service data."""
VERSION_2 = 0x40
ENCRYPTED = 0x01
"""Of the first byte (Format, Device Information)."""
PACKET_ID = 0x00
COUNTER_BYTES = 4
"""Of an encrypted packet (Encryption)."""


class Object(NamedTuple):
    """Its number, and what stands behind that."""

    id: int
    what: Number


BUTTON = labels(
    (0x01, "press"),
    (0x02, "double_press"),
    (0x03, "triple_press"),
    (0x04, "long_press"),
    (0x05, "long_double_press"),
    (0x06, "long_triple_press"),
    (0x80, "hold_press"),
)
FLAGS = (
    "generic_boolean", "power_on", "opening", "", "", "", "battery_low", "battery_charging", "carbon_monoxide", "cold",
    "connectivity", "door", "garage_door", "gas_detected", "heat", "light", "unlocked", "moisture_detected", "motion",
    "moving", "occupancy", "plug", "presence", "problem", "running", "safety", "smoke", "sound", "tamper", "vibration",
    "window",
)  # fmt: skip
"""From 0x0F on, but for those that are no flags (Format, Binary Sensor data)."""
FIRST_FLAG = 0x0F

MEASURED: Mapping[str, Object] = {
    "battery": Object(0x01, percent("uint8")),
    "temperature": Object(0x02, number("int16", 0.01)),
    "humidity": Object(0x03, percent("uint16", 0.01)),
    "pressure": Object(0x04, number("uint32", 0.01, 3)),
    "illuminance": Object(0x05, number("uint32", 0.01, 3)),
    "mass": Object(0x06, number("uint16", 0.01)),
    "dew_point": Object(0x08, number("int16", 0.01)),
    "voltage": Object(0x0C, number("uint16", 0.001)),
    "pm25": Object(0x0D, number("uint16")),
    "pm10": Object(0x0E, number("uint16")),
    "co2": Object(0x12, number("uint16")),
    "tvoc": Object(0x13, number("uint16")),
    "moisture": Object(0x14, percent("uint16", 0.01)),
    "button": Object(0x3A, BUTTON),
    "count": Object(0x3E, number("uint32")),
    "rotation": Object(0x3F, number("int16", 0.1)),
    "distance": Object(0x40, number("uint16", 0.001)),
    "duration": Object(0x42, number("uint32", 0.001, 3)),
    "current": Object(0x43, number("uint16", 0.001)),
    "speed": Object(0x44, number("uint16", 0.01)),
    "uv_index": Object(0x46, number("uint8", 0.1)),
    "volume_flow_rate": Object(0x49, number("uint16", 0.001)),
    "gas": Object(0x4C, number("uint32", 0.001)),
    "energy": Object(0x4D, number("uint32", 0.001)),
    "volume": Object(0x4E, number("uint32", 0.001)),
    "water": Object(0x4F, number("uint32", 0.001)),
    "acceleration": Object(0x51, number("uint16", 0.001)),
    "gyroscope": Object(0x52, number("uint16", 0.001)),
    "volume_storage": Object(0x55, number("uint32", 0.001)),
    "conductivity": Object(0x56, number("uint16")),
    "power": Object(0x5C, number("int32", 0.01)),
    "direction": Object(0x5E, number("uint16", 0.01)),
    "precipitation": Object(0x5F, number("uint16", 0.1)),
}
OBJECTS: Mapping[str, Object] = {
    **MEASURED,
    **{name: Object(id_, flag()) for id_, name in enumerate(FLAGS, FIRST_FLAG) if name},
}
"""By what decoders call it: the widest of each (Format, Sensor data and Events)."""


def _write(teller: Teller, told: Mapping[str, Value], count: int) -> tuple[Packet, ...]:
    room = ROOM - 1 - (COUNTER_BYTES + CHECK_BYTES if teller.key else 2)
    return tuple(_packet(teller, objects, count + place) for place, objects in enumerate(_shared_out(told, room)))


def _shared_out(told: Mapping[str, Value], room: int) -> Iterator[bytes]:
    """In the order of their numbers, as receivers want them; those of a kind together, since they are counted."""
    packet = b""
    ordered = sorted(told, key=lambda name: (_about(name).id, len(name), name))
    for about, alike in groupby(ordered, _about):
        objects = b"".join(bytes([about.id]) + about.what.data(told[name]) for name in alike)
        if packet and len(packet) + len(objects) > room:
            yield packet
            packet = b""
        packet += objects
    yield packet


def _about(name: str) -> Object:
    return OBJECTS.get(name) or OBJECTS[base_of(name)]


def _packet(teller: Teller, objects: bytes, count: int) -> Packet:
    if teller.key is None:
        data = bytes([VERSION_2, PACKET_ID, count % 256]) + objects
    else:
        info = bytes([VERSION_2 | ENCRYPTED])
        counter = (count % 2 ** (8 * COUNTER_BYTES)).to_bytes(COUNTER_BYTES, "little")
        nonce = teller.address + UUID.to_bytes(2, "little") + info + counter
        text, check = sealed(teller.key, nonce, objects)
        data = info + text + counter + check
    return Packet(services={full_uuid(UUID): data})


BTHOME = Format(
    usual=("temperature", "humidity", "battery"),
    fields={name: about.what for name, about in OBJECTS.items()},
    write=_write,
    several=True,
)
