"""From what is on the wire to numbers and texts, not yet scaled. Pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import lru_cache

from gateway.model import Bad, BadReason, Value
from gateway.values.float16 import shortest16
from gateway.values.float32 import shortest
from gateway.values.quantity import FLOATS, SCALARS, Quantity, Raw
from gateway.values.texts import read_text

Decode = Callable[[Raw], Value]
"""Raw to value; raises Spoiled."""


class Spoiled(Exception):
    """A raw value that is no good value; `bad` says why."""

    def __init__(self, bad: Bad) -> None:
        super().__init__(bad.reason)
        self.bad = bad


def spoiled(reason: BadReason, value: Value | None = None) -> Spoiled:
    """What is wrong with a value, and the value where there is one."""
    return Spoiled(Bad(reason, value=value))


def numbers(quantity: Quantity) -> Decode | None:
    """The first half of decoding, to a number that has no scale, range or label yet; None where raw is that number."""
    return _numbers(quantity.type, quantity.bits, quantity.invalid, quantity.encoding)


@lru_cache(maxsize=1024)
def _numbers(kind: str, bits: tuple[int, int] | None, invalid: tuple[float, ...], encoding: str) -> Decode | None:
    """One for all quantities that are alike in this."""
    decode = _text(encoding) if kind == "string" else _PLAIN.get(kind)
    if kind in FLOATS:
        return _finite_but(_PLAIN[kind], kind, invalid) if invalid else decode
    if bits is not None:
        decode = _field(decode, bits)
    return _all_but(decode, frozenset(invalid)) if invalid else decode


def _float64(raw: Raw) -> float:
    if math.isfinite(raw):
        return float(raw)
    raise spoiled(BadReason.INVALID)


def _float32(raw: Raw) -> float:
    try:
        return shortest(raw)
    except OverflowError:
        raise spoiled(BadReason.INVALID) from None


def _float16(raw: Raw) -> float:
    try:
        return shortest16(raw)
    except OverflowError:
        raise spoiled(BadReason.INVALID) from None


def _bcd(raw: Raw) -> int:
    """A decimal digit in each four bits."""
    try:
        return int(f"{raw:x}")
    except ValueError:
        raise spoiled(BadReason.INVALID) from None


def _hex(raw: Raw) -> str:
    text: str = raw.hex()
    return text


_PLAIN: dict[str, Decode] = {
    "bool": bool,
    "float16": _float16,
    "float32": _float32,
    "float64": _float64,
    "bcd16": _bcd,
    "bcd32": _bcd,
    "bytes": _hex,
}
"""What is more than struct gives."""


def _text(encoding: str) -> Decode:
    def text(raw: Raw) -> Value:
        try:
            return read_text(raw, encoding)
        except UnicodeError:
            raise spoiled(BadReason.DECODE_ERROR) from None

    return text


def _field(decode: Decode | None, bits: tuple[int, int]) -> Decode:
    low, high = bits
    mask = 2 ** (high - low + 1) - 1
    if decode is None:
        return lambda raw: raw >> low & mask
    return lambda raw: decode(raw >> low & mask)


def _all_but(decode: Decode | None, invalid: frozenset[float]) -> Decode:
    def but(raw: Raw) -> Value:
        if raw in invalid:
            raise spoiled(BadReason.INVALID)
        value: Value = raw if decode is None else decode(raw)
        return value

    return but


def _finite_but(decode: Decode, kind: str, invalid: tuple[float, ...]) -> Decode:
    """Compared as the numbers that the wire's would be: 9.96921e36 stands for the float32 nearest to it."""
    word = SCALARS[kind].code
    wires = [struct.pack(f">{FLOATS[kind]}", number) for number in invalid]
    none = {decode(struct.unpack(f">{word}", wire)[0]) for wire in wires}

    def but(raw: Raw) -> Value:
        value = decode(raw)
        if value in none:
            raise spoiled(BadReason.INVALID)
        return value

    return but
