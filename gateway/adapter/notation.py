"""How bits and raw values are written in the configuration. Pure."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

_BITS = re.compile(r"([0-9]{1,2})\.\.([0-9]{1,2})")
MAX_BIT = 63
"""Of the longest whole number there is."""


def parse_bits(given: Any) -> tuple[int, int]:
    """The lowest and the highest bit of `3` or `3..5`."""
    if isinstance(given, int) and not isinstance(given, bool):
        low = high = given
    elif isinstance(given, str) and (match := _BITS.fullmatch(given)):
        low, high = int(match[1]), int(match[2])
    elif isinstance(given, tuple) and len(given) == 2:  # as it was parsed before
        low, high = given
    else:
        raise ValueError("must be one bit, like 3, or the lowest and the highest of several, like 3..5")
    if low > high:
        raise ValueError(f"the lowest bit comes first: {high}..{low}")
    if not 0 <= low <= high <= MAX_BIT:
        raise ValueError(f"bits are counted from 0, the least significant, to {MAX_BIT}")
    return low, high


def parse_invalid(given: Any) -> tuple[float, ...]:
    """One raw number or a list of them."""
    numbers = given if isinstance(given, list | tuple) else [given]
    if not numbers or any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
        raise ValueError('must be a raw number that means "no value", like 0xFFFF, or a list of them')
    return tuple(numbers)


BitRange = Annotated[
    tuple[int, int],
    PlainValidator(parse_bits),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0, "maximum": MAX_BIT},
                {"type": "string", "pattern": f"^{_BITS.pattern}$"},
            ],
            "examples": [3, "3..5"],
        }
    ),
]
"""The lowest and the highest bit."""

RawNumbers = Annotated[
    tuple[float, ...],
    PlainValidator(parse_invalid),
    WithJsonSchema(
        {
            "anyOf": [{"type": "number"}, {"type": "array", "items": {"type": "number"}, "minItems": 1}],
            "examples": [65535, [32767, -32768]],
        }
    ),
]
"""Numbers as they are on the wire."""
