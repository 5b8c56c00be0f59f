"""Decimal floating-point numbers of medical devices (IEEE 11073-20601, F.6 and F.7). Pure."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from adapters.ble.sig.forms import Form
from gateway.model import Value
from gateway.values import Unwritable


class _Decimal(NamedTuple):
    """`digits` and `power`: bits of the mantissa and of the exponent, both with a sign."""

    digits: int
    power: int

    @property
    def special(self) -> range:
        """Raw numbers from +INF and NaN to NRes, reserved and -INF: none is a value (exponent 0)."""
        half = 1 << (self.digits - 1)
        return range(half - 2, half + 3)

    @property
    def size(self) -> int:
        return (self.digits + self.power) // 8

    def read(self, data: bytes) -> Fraction | None:
        raw = int.from_bytes(data, "little")
        if raw in self.special:
            return None
        mantissa = _signed(raw & ((1 << self.digits) - 1), self.digits)
        return mantissa * Fraction(10) ** _signed(raw >> self.digits, self.power)

    def write(self, value: Fraction) -> bytes | None:
        """With as many digits as there is room for; None where it is too large."""
        most, highest = 1 << (self.digits - 1), 1 << (self.power - 1)
        for power in range(-highest, highest):
            mantissa = round(value / Fraction(10) ** power)
            raw = (power % (2 * highest)) << self.digits | mantissa % (2 * most)
            if -most <= mantissa < most and raw not in self.special:
                return raw.to_bytes(self.size, "little")
        return None


def _signed(raw: int, bits: int) -> int:
    return raw - (1 << bits) if raw >> (bits - 1) else raw


def decimal(form: _Decimal, scale: float = 1.0, offset: float = 0.0, decimals: int | None = None) -> Form:
    """To our units; `decimals`: where these are others than the device's."""
    factor, shift = Fraction(str(scale)), Fraction(str(offset))

    def decode(data: bytes) -> Value | None:
        read = form.read(data)
        if read is None:
            return None
        value = float(read * factor + shift)
        return value if decimals is None else round(value, decimals)

    def write(value: Value) -> bytes:
        if isinstance(value, bool | str):
            raise Unwritable("malformed", "it is a number")
        try:
            data = form.write((Fraction(str(value)) - shift) / factor)
        except ValueError:
            data = None
        if data is None:
            raise Unwritable("out-of-range", f"{value} is no finite number, or too large a one")
        return data

    return Form(form.size, "float", decode, write)


SFLOAT = _Decimal(12, 4)
"""16 bits; the Supplement calls it medfloat16."""
FLOAT = _Decimal(24, 8)
"""32 bits; medfloat32."""
