"""What a number on the wire is, and what it means. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Literal, NamedTuple

from gateway.model import Kind, Value

Order = Literal["ABCD", "CDAB", "BADC", "DCBA"]
"""Letters are the bytes of a 32-bit value, A the most significant, in the order in which they arrive."""

Raw = int | float
"""What struct gives for a scalar's `code`: float32 comes as the word it is made of."""


class Scalar(NamedTuple):
    """A type on the wire: struct code of its raw form, size in bytes, and the raw values it holds if an integer."""

    code: str
    size: int
    low: int = 0
    high: int = 0

    @property
    def is_float(self) -> bool:
        """Whether it holds other than whole numbers."""
        return not self.high


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
        "float32": Scalar("I", 4),
        "float64": Scalar("d", 8),
    }
)


class Quantity(NamedTuple):
    """What a raw number means: value = raw x scale + offset, rounded, then a label or a number within low..high."""

    type: str
    scale: float = 1.0
    offset: float = 0.0
    decimals: int | None = None
    low: float | None = None
    high: float | None = None
    labels: tuple[tuple[int, Value], ...] = ()

    @property
    def kind(self) -> Kind:
        """How every value of this quantity is written in JSON."""
        if self.labels:
            return _LABEL_KINDS[type(self.labels[0][1])]
        if self.type == "bool":
            return "bool"
        return "float" if SCALARS[self.type].is_float or self.places else "int"

    @property
    def places(self) -> int:
        """Decimals of an integer once scaled."""
        natural = max(decimals_of(self.scale), decimals_of(self.offset))
        return natural if self.decimals is None else min(self.decimals, natural)

    @property
    def step(self) -> float:
        """The distance between neighbouring values; 0 where only the type sets it."""
        if self.labels or self.type == "bool":
            return 0.0
        least = 0.0 if SCALARS[self.type].is_float else abs(self.scale)
        return least if self.decimals is None else max(least, 10.0**-self.decimals)


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
