"""What a format of advertisements can say, and how it is written. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol

from gateway.model import Value
from gateway.values import Quantity, decode_one, encode

ADVERT_BYTES = 31
"""Of a legacy advertisement (Core Specification 6.0, Vol 6, Part B, 2.3.1.1)."""
FLAGS_BYTES = 3
"""The flags that almost every device begins with (Core Specification Supplement, Part A, 1.3)."""

_COUNTED = re.compile(r"(.+)_(?:[2-9]|[1-9]\d)")


class Packet(NamedTuple):
    """What one advertisement carries: data by company number, and by full UUID; each without its number or UUID."""

    manufacturer: Mapping[int, bytes] = MappingProxyType({})
    services: Mapping[str, bytes] = MappingProxyType({})
    name: str | None = None


class Teller(NamedTuple):
    """Who tells: its six bytes of address, most significant first, and its key, if it encrypts."""

    address: bytes
    key: bytes | None = None


class Field(Protocol):
    """What one value can be."""

    def held(self, value: Value, /) -> Value:
        """The nearest that can be told; raises Unwritable."""

    def data(self, value: Value, /) -> bytes:
        """How it stands there; raises Unwritable."""


class Number(NamedTuple):
    """A number, a flag or a label: `size` bytes of its quantity."""

    quantity: Quantity
    size: int
    order: Literal["big", "little"] = "little"

    def held(self, value: Value) -> Value:
        """Rounded to its steps."""
        return decode_one(self.quantity, encode(self.quantity, value))

    def data(self, value: Value) -> bytes:
        """In its order."""
        data = encode(self.quantity, value)
        data = data[len(data) - self.size :]
        return data if self.order == "big" else data[::-1]


Write = Callable[[Teller, Mapping[str, Value], int], tuple[Packet, ...]]
"""All that is told in as many packets as it takes, the first of them of this number."""


class Format(NamedTuple):
    """`usual`: what a device tells of which nothing is known; `fields`: all that can be told, by name.

    `several`: whether a device may tell a second and third of a kind. `begins`: what is told at first that can't be 0.
    """

    usual: tuple[str, ...]
    fields: Mapping[str, Field]
    write: Write
    several: bool = False
    begins: Mapping[str, Value] = MappingProxyType({})

    def field(self, name: str) -> Field | None:
        """None: it can't tell that."""
        return self.fields.get(name) or (self.fields.get(base_of(name)) if self.several else None)


def base_of(name: str) -> str:
    """Of what it is the second or third."""
    counted = _COUNTED.fullmatch(name)
    return counted[1] if counted else name


def number(kind: str, step: float = 1.0, size: int | None = None, order: Literal["big", "little"] = "little") -> Number:
    """Whole steps in so many bytes, as many as its type has if nothing else is said; unsigned where it has fewer."""
    quantity = Quantity(kind, step)
    if size is not None and size < quantity.scalar.size:
        quantity = quantity._replace(high=(2 ** (8 * size) - 1) * step, low=0)
    return Number(quantity, size or quantity.scalar.size, order)


def within(low: float, high: float, kind: str, step: float = 1.0) -> Number:
    """Such a number, of which receivers believe nothing beyond these bounds."""
    made = number(kind, step)
    return made._replace(quantity=made.quantity._replace(low=low, high=high))


def percent(kind: str, step: float = 1.0) -> Number:
    """A share: no more than all."""
    return within(0, 100, kind, step)


def flag() -> Number:
    """A byte that is 0 or 1."""
    return Number(Quantity("bool"), 1)


def labels(*names: tuple[int, str]) -> Number:
    """A byte that stands for a text."""
    return Number(Quantity("uint8", labels=names), 1)
