"""What a standard characteristic is here. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.model import Kind, Value


class Undecodable(ValueError):
    """The bytes are not what the format says."""


class SigField(NamedTuple):
    """One value of a characteristic."""

    kind: Kind
    unit: str | None = None


class Characteristic(NamedTuple):
    """`fields` by name; the only one of a simple characteristic is called like itself.

    `decode` raises Undecodable; a field that the bytes do not hold, or that says "not known", is left out. `encode`
    undoes it, and raises `gateway.values.Unwritable`; None: its values can only be read.
    """

    uuid: int
    fields: Mapping[str, SigField]
    decode: Callable[[bytes], Mapping[str, Value]]
    encode: Callable[[Mapping[str, Value]], bytes] | None = None
