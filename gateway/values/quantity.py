"""What a number on the wire is, and what it means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from gateway.model import Kind, Value

Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
"""Letters are the bytes of a 32-bit value, A the most significant, in the order in which they arrive."""

Raw = Any
"""What struct gives for a scalar's code: an int, a double, bytes for texts; float16 and float32 come as their word."""

Form = Literal["whole", "float", "text"]


class Scalar(NamedTuple):
    """A type on the wire: struct code of its raw form, size in bytes, and what it holds: if whole, from low to high.

    The size of a text is the quantity's.
    """

    code: str
    size: int
    low: int = 0
    high: int = 0
    form: Form = "whole"

    @property
    def is_float(self) -> bool:
        """Whether it holds other than whole numbers."""
        return self.form == "float"

    @property
    def is_text(self) -> bool:
        """Whether it holds no number."""
        return self.form == "text"


SCALARS: Mapping[str, Scalar] = MappingProxyType(
    {
        "bool": Scalar("B", 1, 0, 1),
        "int8": Scalar("b", 1, -(2**7), 2**7 - 1),
        "uint8": Scalar("B", 1, 0, 2**8 - 1),
        "int16": Scalar("h", 2, -(2**15), 2**15 - 1),
        "uint16": Scalar("H", 2, 0, 2**16 - 1),
        "int32": Scalar("i", 4, -(2**31), 2**31 - 1),
        "uint32": Scalar("I", 4, 0, 2**32 - 1),
        "int64": Scalar("q", 8, -(2**63), 2**63 - 1),
        "uint64": Scalar("Q", 8, 0, 2**64 - 1),
        "float16": Scalar("H", 2, form="float"),
        "float32": Scalar("I", 4, form="float"),
        "float64": Scalar("d", 8, form="float"),
        "bcd16": Scalar("H", 2, 0, 9999),
        "bcd32": Scalar("I", 4, 0, 99999999),
        "string": Scalar("s", 0, form="text"),
        "bytes": Scalar("s", 0, form="text"),
    }
)

BCD = frozenset({"bcd16", "bcd32"})
"""Types with a decimal digit in each four bits."""
BCD_DIGIT_BITS = 4

FLOATS: Mapping[str, str] = MappingProxyType({"float16": "e", "float32": "f", "float64": "d"})
"""Types that hold other than whole numbers, with struct's codes for these numbers."""


class Quantity(NamedTuple):
    """What a raw number means: value = raw x scale + offset, rounded, then a label or a number within low..high.

    `size`: bytes, where the type does not say: of texts, and of a bool that has more than one. `bits`: the lowest and
    the highest of those that are the number, the others belong to something else. `invalid`: raw numbers, all their
    bits, that mean "no value". `varies`: on top of the scale comes a power of ten known at run time only (`at`).
    """

    type: str
    scale: float = 1.0
    offset: float = 0.0
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    labels: tuple[tuple[int, Value], ...] = ()
    size: int = 0
    bits: tuple[int, int] | None = None
    invalid: tuple[float, ...] = ()
    encoding: str = "ascii"
    varies: bool = False

    @property
    def scalar(self) -> Scalar:
        """Its type on the wire, with the size that it really has."""
        scalar = SCALARS[self.type]
        size = self.size or scalar.size
        if scalar.is_text:
            return scalar._replace(code=f"{size}s", size=size)
        return scalar._replace(code=_UNSIGNED[size], size=size) if self.type == "bool" else scalar

    @property
    def kind(self) -> Kind:
        """How every value of this quantity is written in JSON."""
        if self.labels:
            return _LABEL_KINDS[type(self.labels[0][1])]
        if self.type == "bool":
            return "bool"
        if SCALARS[self.type].is_text:
            return "text"
        return "float" if self.varies or SCALARS[self.type].is_float or self.places else "int"

    @property
    def places(self) -> int:
        """Decimals of an integer once scaled."""
        natural = max(decimals_of(self.scale), decimals_of(self.offset))
        return natural if self.decimals is None else min(self.decimals, natural)

    @property
    def step(self) -> float:
        """The distance between neighbouring values; 0 where only the type sets it."""
        if self.labels or self.type == "bool" or SCALARS[self.type].is_text:
            return 0.0
        least = 0.0 if SCALARS[self.type].is_float else abs(self.scale)
        return least if self.decimals is None else max(least, 10.0**-self.decimals)

    @property
    def numbers(self) -> tuple[int, int]:
        """The lowest and the highest number, not yet scaled, that its bits hold; only where they are whole."""
        scalar = SCALARS[self.type]
        if self.bits is None:
            return scalar.low, scalar.high
        count = self.bits[1] - self.bits[0] + 1
        if self.type not in BCD:
            return 0, 2**count - 1
        digits, rest = divmod(count, BCD_DIGIT_BITS)
        return 0, min(2**rest, 10) * 10**digits - 1

    @property
    def wire_numbers(self) -> tuple[int, int]:
        """The lowest and the highest raw number, all its bits, whatever they mean; only where they are whole."""
        scalar = self.scalar
        if self.type == "bool" or self.type in BCD:
            return 0, 2 ** (8 * scalar.size) - 1
        return scalar.low, scalar.high

    def at(self, exponent: int) -> Quantity:
        """The same at a known power of ten; still a number with decimals, lest its kind changes."""
        return self._replace(scale=float(exact(self.scale) * Fraction(10) ** exponent))


_UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}

_LABEL_KINDS: dict[type, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}


def decimals_of(number: float) -> int:
    """Decimals of a number as people write it: 1 for 0.1, 0 for 10."""
    exponent = Decimal(repr(number)).normalize().as_tuple().exponent
    return max(0, -int(exponent))


def exact(number: float) -> Fraction:
    """The decimal that people see, as a fraction: one tenth for 0.1."""
    return Fraction(Decimal(repr(number)))


def arrange(data: bytes, order: Order) -> bytes:
    """Most significant byte first to the order on the wire, or back: each order undoes itself."""
    if order in ("DCBA", "CDAB"):
        data = data[::-1]
    if order in ("BADC", "CDAB"):
        swapped = bytearray(data)
        swapped[0::2], swapped[1::2] = data[1::2], data[0::2]
        data = bytes(swapped)
    return data
