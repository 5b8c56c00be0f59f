"""float16 as people mean it: the double whose repr is the shortest decimal that gives the same float16. Pure."""

from __future__ import annotations

import math
import struct
from decimal import ROUND_HALF_UP, Context
from functools import lru_cache

MEMO_SIZE = 8192
"""Words remembered, about 1 MiB: an eighth of all there are."""

_MAX_DIGITS = 5
"""So many digits tell all float16 apart (binary16, IEEE 754-2019, 3.4; 5.12.2: 1 + ceil(11 x log10(2)))."""

_CONTEXTS = tuple(Context(digits, ROUND_HALF_UP) for digits in range(1, _MAX_DIGITS + 1))
"""Away from zero where two are as near: below a power of two float16 lie twice as dense, and inwards would miss it."""

_WORD = struct.Struct(">H")
_FLOAT = struct.Struct(">e")


@lru_cache(maxsize=MEMO_SIZE)
def shortest16(word: int) -> float:
    """The value of a float16's 16 bits; OverflowError when they are no finite number."""
    data = _WORD.pack(word)
    exact: float = _FLOAT.unpack(data)[0]
    if not math.isfinite(exact):
        raise OverflowError("not a finite number")
    values = (float(context.create_decimal_from_float(exact)) for context in _CONTEXTS)
    return next((value for value in values if _packed(value) == data), exact)


def _packed(value: float) -> bytes:
    """What is rounded up beyond the largest float16 is none."""
    try:
        return _FLOAT.pack(value)
    except OverflowError:
        return b""
