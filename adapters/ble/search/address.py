"""What kind of address a device has, and how long it will have it. Pure."""

from __future__ import annotations

from enum import StrEnum


class AddressKind(StrEnum):
    """As Core Specification 6.0, Vol 6, Part B, 1.3 has them."""

    PUBLIC = "public"
    STATIC = "static"
    """Random, and the same until its battery is changed."""
    PRIVATE = "private"
    """Changes; an identity key resolves it."""
    PASSING = "passing"
    """Changes, and nobody can resolve it."""


CHANGING = frozenset({AddressKind.PRIVATE, AddressKind.PASSING})

_RANDOM = {0b11: AddressKind.STATIC, 0b01: AddressKind.PRIVATE, 0b00: AddressKind.PASSING}
"""By its two most significant bits (Vol 6, Part B, 1.3.2)."""


def kind_of(address: str, type_: str | None) -> AddressKind | None:
    """`type_` as BlueZ says it, public or random; None where it is not known."""
    if type_ == "random":
        return _RANDOM.get(int(address[:2], 16) >> 6)
    return AddressKind.PUBLIC if type_ == "public" else None
