"""What the lines of the serial bench say, known to who sends it and to who checks it at the broker.

Every frame has 20 bytes and carries its number. `line`: text, `N0000042,+12345.67` CR LF. `packed`: AA, the length of
what follows less the CRC, the number, an int32 in hundredths, a float32, a uint32, and a CRC-16/MODBUS.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from pymodbus.framer import FramerRTU

Kind = Literal["line", "packed"]

FRAME_BYTES = 20
START, PACKED = 0xAA, struct.Struct(">BBIifI")
DEVICE_STEP, NUMBER_STEP = 104_729, 7_919
"""Primes, so that neighbours in either differ in all digits."""
LAST = 9_999_999
"""The highest number that seven digits can hold: at 576 frames a second it is reached after 4.8 hours."""

Values = Mapping[str, float]


@dataclass(frozen=True)
class Telegram:
    """One kind of frame: `pack` and `values` are of a device and a number; `link` and `device` are YAML."""

    kind: Kind
    link: str
    device: str
    pack: Callable[[int, int], bytes]
    values: Callable[[int, int], Values]


def kind_of(device: int) -> Telegram:
    """Every other device speaks text."""
    return LINE if device % 2 == 0 else PACKED_TELEGRAM


def _hundredths(device: int, number: int) -> int:
    """Between -99999.99 and 99999.99."""
    return (device * DEVICE_STEP + number * NUMBER_STEP) % 19_999_999 - LAST


def _pack_line(device: int, number: int) -> bytes:
    hundredths = _hundredths(device, number)
    sign, whole = "+-"[hundredths < 0], abs(hundredths)
    return f"N{number:07d},{sign}{whole // 100:05d}.{whole % 100:02d}".encode() + b"\r\n"


def _line_values(device: int, number: int) -> Values:
    return {"number": number, "v": _hundredths(device, number) / 100}


def _pack_packed(device: int, number: int) -> bytes:
    body = PACKED.pack(START, PACKED.size - 2, number, _hundredths(device, number), _quarter(number), _word(number))
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


def _packed_values(device: int, number: int) -> Values:
    hundredths = _hundredths(device, number) / 100
    return {"number": number, "v": hundredths, "f": _quarter(number), "w": _word(number)}


def _quarter(number: int) -> float:
    """Exact in a float32."""
    return number % (1 << 20) / 4


def _word(number: int) -> int:
    return number * 2_654_435_761 & 0xFFFF_FFFF


LINE = Telegram(
    "line",
    'framing: {type: line, terminator: "\\r\\n"}',
    r"match: '^N(?P<number>\d{7}),(?P<v>[-+]\d{5}\.\d\d)$',"
    " points: {number: {type: int}, v: {type: float, decimals: 2}}",
    _pack_line,
    _line_values,
)
PACKED_TELEGRAM = Telegram(
    "packed",
    "framing: {type: length, start: {hex: AA}, at: 1, size: 1, counts: rest, extra: 2, max_length: 64},"
    " checksum: {type: crc-16/modbus, endian: little}",
    "points: {number: {at: 2, type: uint32}, v: {at: 6, type: int32, scale: 0.01}, f: {at: 10, type: float32},"
    " w: {at: 14, type: uint32}}",
    _pack_packed,
    _packed_values,
)
