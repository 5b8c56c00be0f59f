"""float32 as people mean it: the double whose repr is the shortest decimal that gives the same float32. Pure."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

MEMO_SIZE = 8192
"""Words remembered that take the slow way: zero and the powers of two are among them, and come often."""

_EXPONENT = 0x7F800000
_FRACTION = 0x007FFFFF
_FRACTION_BITS = 23
_BIAS = 127
"""The format is binary32 (IEEE 754-2019, 3.4)."""

_SURE_DIGITS = 6
"""Every decimal of so many digits survives a normal float32 (C11 5.2.4.2.2, FLT_DIG), so the search starts there."""
_MAX_DIGITS = 9
"""So many digits tell all float32 apart (C11 5.2.4.2.2, FLT_DECIMAL_DIG)."""

_WORD = struct.Struct(">I")
_FLOAT = struct.Struct(">f")


_ROUND = 1.5 * 2.0**52
"""Added to a double below 2**51 and taken away again, it rounds that to a whole number, as `round` does (half to even):
doubles of its size are 1 apart. No call is made for it."""


class _Binade(NamedTuple):
    """float32 of one sign and exponent: their distance, how near surely rounds to one, how near may, powers to try."""

    step: float
    sure: float
    maybe: float
    powers: tuple[float, ...]


def _binade(sign: float, exponent: int) -> _Binade | None:
    """None outside 2**-13..2**19, where a power of ten times a float32 is not always exact in a double."""
    if not -13 <= exponent - _BIAS < 19:
        return None
    step = 2.0 ** (exponent - _BIAS - _FRACTION_BITS)
    whole_digits = math.floor(math.log10(2.0 ** (exponent - _BIAS + 1))) + 1
    powers = tuple(10.0**decimals for decimals in range(_SURE_DIGITS - whole_digits, _MAX_DIGITS + 2 - whole_digits))
    return _Binade(sign * step, step * (0.5 - 2**-20), step * (0.5 + 2**-20), powers)


_BINADES = tuple(_binade(sign, exponent) for sign in (1.0, -1.0) for exponent in range(256))


def shortest(word: int) -> float:
    """The value of a float32's 32 bits; OverflowError when they are no finite number."""
    binade = _BINADES[word >> _FRACTION_BITS]
    fraction = word & _FRACTION
    if binade is None or not fraction:
        return _search(word)
    step, sure, maybe, powers = binade
    exact = (fraction | _FRACTION + 1) * step
    low, high = exact - maybe, exact + maybe
    for power in powers:
        value = (exact * power + _ROUND - _ROUND) / power
        if low <= value <= high:
            return value if -sure < value - exact < sure else _search(word)
    return _search(word)


@lru_cache(maxsize=MEMO_SIZE)
def _search(word: int) -> float:
    """By trying: right for every word, and slower."""
    if word & _EXPONENT == _EXPONENT:
        raise OverflowError("not a finite number")
    raw = _WORD.pack(word)
    exact: float = _FLOAT.unpack(raw)[0]
    subnormal = not word & _EXPONENT
    for digits in range(1 if subnormal else _SURE_DIGITS, _MAX_DIGITS):
        value = float(f"{exact:.{digits}g}")
        if _FLOAT.pack(value) == raw:
            return value
        if not word & _FRACTION and _FLOAT.pack(value := _away_from_zero(value, exact, digits)) == raw:
            return value
    return float(f"{exact:.{_MAX_DIGITS}g}")


def _away_from_zero(nearest: float, exact: float, digits: int) -> float:
    """The next decimal outwards: below a power of two float32 lie twice as dense, so the nearest may miss it."""
    if abs(nearest) > abs(exact):
        return nearest
    decimal = Decimal(f"{exact:.{digits - 1}e}")
    step = Decimal(1).scaleb(decimal.adjusted() - digits + 1)
    return float(decimal + step.copy_sign(decimal))
