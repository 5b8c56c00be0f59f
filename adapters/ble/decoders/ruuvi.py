"""Ruuvi's sensors: data formats 3, 5, 6, C5 and E1 (docs.ruuvi.com, "Bluetooth advertisements"). Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Refusal, Refused, Told
from gateway.model import Value

NAME = "ruuvi"
COMPANY = 0x0499

MILLI_G = 980_665
"""A thousandth of g in 10^-8 m/s²: standard gravity is 9.80665 m/s² (ISO 80000-3, 3-9.2)."""

MAX_LUX, MAX_LUX_CODE = 65535, 254
"""Of the logarithmic scale of format 6 ("Luminosity")."""

S16, U16, U8, U24, U11, U9, U5 = -(2**15), 2**16 - 1, 2**8 - 1, 2**24 - 1, 2**11 - 1, 2**9 - 1, 2**5 - 1
"""What means "not available": the lowest of signed numbers, the highest of unsigned ones."""

Raw = tuple[Any, ...]


class Field(NamedTuple):
    """`absent`: the raw number that means "not available"; None: there is none."""

    name: str
    absent: int | None
    mean: Callable[[int], Value | None]


class Format(NamedTuple):
    """`split`: raw numbers in the order of the fields, and last the measurement's number; `absent`: no number."""

    sizes: range
    split: Callable[[bytes], Raw]
    fields: tuple[Field, ...]
    wraps: int = 0
    absent: int | None = None
    model: str = "RuuviTag"


def _per(divisor: int, offset: int = 0) -> Callable[[int], Value]:
    """In whole numbers and one division, which Python rounds correctly."""
    return lambda raw: (raw + offset) / divisor


def _acceleration(raw: int) -> Value:
    """To 0.0001 m/s², which is finer than a thousandth of g."""
    return (raw * MILLI_G + 5_000) // 10_000 / 10_000


def _signed_magnitude(raw: int) -> Value | None:
    """Format 3: a sign, whole degrees, and hundredths in a byte of their own, which has no use for more than 99."""
    degrees, hundredths = raw >> 8 & 0x7F, raw & 0xFF
    value = (degrees * 100 + hundredths) / 100
    return None if hundredths > 99 else -value if raw & 0x8000 and value else value


def _lux(code: int) -> Value:
    return round(math.exp(code * math.log(MAX_LUX + 1) / MAX_LUX_CODE) - 1, 2)


_CLIMATE = (
    Field("temperature", S16, _per(200)),
    Field("humidity", U16, _per(400)),
    Field("pressure", U16, _per(100, 50_000)),
)
_MOVED = (
    Field("acceleration_x", S16, _acceleration),
    Field("acceleration_y", S16, _acceleration),
    Field("acceleration_z", S16, _acceleration),
)
_POWERED = (
    Field("voltage", U11, _per(1000, 1600)),
    Field("tx_power", U5, lambda raw: 2 * raw - 40),
    Field("movements", U8, int),
)
_GASES = (Field("co2", U16, int), Field("voc_index", U9, int), Field("nox_index", U9, int))
_CALIBRATING = Field("calibrating", None, bool)

_THREE = struct.Struct(">xBHHhhhH")
_FIVE = struct.Struct(">xhHHhhhHBH6x")
_CUT_FIVE = struct.Struct(">xhHHHBH6x")
_SIX = struct.Struct(">xhHHHHBBBxBB3x")
_EXTENDED = struct.Struct(">xhHHHHHHHBBHB3xHBB11x")


def _split_3(data: bytes) -> Raw:
    humidity, temperature, *rest = _THREE.unpack_from(data)
    return (humidity, temperature, *rest, None)


def _split_5(data: bytes) -> Raw:
    *climate, power, movements, number = _FIVE.unpack(data)
    return (*climate, power >> 5, power & U5, movements, number)


def _split_c5(data: bytes) -> Raw:
    *climate, power, movements, number = _CUT_FIVE.unpack(data)
    return (*climate, power >> 5, power & U5, movements, number)


def _nine(high: int, low: int) -> int:
    """Nine bits, the least significant among the flags."""
    return high << 1 | low & 1


def _split_6(data: bytes) -> Raw:
    *measured, co2, voc, nox, lux, number, flags = _SIX.unpack(data)
    return (*measured, co2, _nine(voc, flags >> 6), _nine(nox, flags >> 7), lux, flags & 1, number)


def _split_e1(data: bytes) -> Raw:
    *measured, co2, voc, nox, lux, lux_low, number, number_low, flags = _EXTENDED.unpack(data)
    gases = (co2, _nine(voc, flags >> 6), _nine(nox, flags >> 7))
    return (*measured, *gases, lux << 8 | lux_low, flags & 1, number << 8 | number_low)


FORMATS: Mapping[int, Format] = MappingProxyType(
    {
        0x03: Format(
            range(14, 32),  # the oldest firmware pads with zeros
            _split_3,
            (
                Field("humidity", None, _per(2)),
                Field("temperature", None, _signed_magnitude),
                Field("pressure", None, _per(100, 50_000)),
                *(field._replace(absent=None) for field in _MOVED),
                Field("voltage", None, _per(1000)),
            ),
        ),
        0x05: Format(range(24, 25), _split_5, (*_CLIMATE, *_MOVED, *_POWERED), U16, U16),
        0xC5: Format(range(18, 19), _split_c5, (*_CLIMATE, *_POWERED), U16, U16),
        0x06: Format(
            range(20, 21),
            _split_6,
            (*_CLIMATE, Field("pm25", U16, _per(10)), *_GASES, Field("illuminance", U8, _lux), _CALIBRATING),
            2**8,
            model="Ruuvi Air",
        ),
        0xE1: Format(
            range(40, 41),
            _split_e1,
            (
                *_CLIMATE,
                *(Field(name, U16, _per(10)) for name in ("pm1", "pm25", "pm4", "pm10")),
                *_GASES,
                Field("illuminance", U24, _per(100)),
                _CALIBRATING,
            ),
            U24,
            U24,
            model="Ruuvi Air",
        ),
    }
)
"""By the first byte. What is "not available" is absent. Numbers of measurements begin anew before "not available"."""

EXTENDED, SHORT = 0xE1, 0x06
EXTENDED_FOR_MS = 60_000
"""A radio that has heard no extended one for so long hears them no more: they come about each second."""


class RuuviDecoder:
    """Of one device. Who hears its extended advertisements is to discard the short ones ("Data format E1")."""

    def __init__(self) -> None:
        self._extended_ms: int | None = None

    def decode(self, advert: Advert) -> Told | Refused | None:
        """Nothing for a short one, which says less of what an extended one has said."""
        data = advert.manufacturer.get(COMPANY)
        if data is None:
            return None
        format_ = FORMATS.get(data[0]) if data else None
        if format_ is None:
            return _refused(f"data format {data[0]:X} is not known" if data else "there is nothing in it")
        if len(data) not in format_.sizes:
            return _refused(f"data format {data[0]:X} has {format_.sizes[0]} bytes, and this {len(data)}")
        if data[0] == EXTENDED:
            self._extended_ms = advert.time_ms
        elif data[0] == SHORT and self._hears_extended(advert.time_ms):
            return Told(NAME, {})
        return _told(format_, format_.split(data))

    def _hears_extended(self, now_ms: int) -> bool:
        return self._extended_ms is not None and abs(now_ms - self._extended_ms) < EXTENDED_FOR_MS


def _told(format_: Format, raws: Raw) -> Told:
    found = {
        name: None if raw == absent else mean(raw)
        for (name, absent, mean), raw in zip(format_.fields, raws, strict=False)
    }
    values = {name: value for name, value in found.items() if value is not None}
    absent = tuple(name for name, value in found.items() if value is None)
    number = raws[-1]
    counter = None if number == format_.absent else number
    return Told(NAME, values, counter, format_.wraps or 2**8, format_.model, absent=absent)


def _refused(why: str) -> Refused:
    return Refused(NAME, Refusal.MALFORMED, f"its Ruuvi advertisement can't be read: {why}")
