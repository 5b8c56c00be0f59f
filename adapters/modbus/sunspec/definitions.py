"""What SunSpec's models look like, from the definitions beside this file (NOTICE says where they come from)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import msgspec

HEADER = 2
"""Registers of a model before its data: its number and how many registers follow (SunSpec Device Information Model
Specification 1.1, 6.2)."""

SIZES = {
    "int16": 1,
    "uint16": 1,
    "count": 1,
    "acc16": 1,
    "enum16": 1,
    "bitfield16": 1,
    "sunssf": 1,
    "int32": 2,
    "uint32": 2,
    "acc32": 2,
    "enum32": 2,
    "bitfield32": 2,
    "ipaddr": 2,
    "float32": 2,
    "int64": 4,
    "uint64": 4,
    "acc64": 4,
    "bitfield64": 4,
    "float64": 4,
    "eui48": 4,
    "ipv6addr": 8,
}
"""Registers of the types that have one size (SunSpec Device Information Model Specification 1.1, 4.2)."""


class PointDef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A point of a model: `sf` names the point that holds its power of ten, or is that; `size` is in registers."""

    name: str
    type: str
    size: int = 0
    sf: str | int | None = None
    unit: str | None = None
    symbols: dict[int, str] = {}
    static: bool = False

    @property
    def width(self) -> int:
        """Registers."""
        return self.size or SIZES[self.type]


class GroupDef(msgspec.Struct, frozen=True, omit_defaults=True):
    """Points, then groups; `count`: how often it comes, or which point says so; 0: as often as there is room."""

    name: str
    points: tuple[PointDef, ...] = ()
    groups: tuple[GroupDef, ...] = ()
    count: int | str | None = None


class ModelDef(msgspec.Struct, frozen=True):
    """A model: `group` begins after its header."""

    id: int
    group: GroupDef


@cache
def definition(model: int) -> ModelDef | None:
    """The model of this number; None where it is a manufacturer's own, or newer than the definitions."""
    line = _lines().get(model)
    return None if line is None else msgspec.json.decode(line, type=ModelDef)


def numbers() -> Iterable[int]:
    """Of all models that have a definition."""
    return _lines().keys()


@cache
def _lines() -> dict[int, bytes]:
    """A model a line, undecoded: a device has a dozen of more than a hundred."""
    text = files(__package__).joinpath("models.jsonl").read_bytes()
    return {msgspec.json.decode(line, type=_Numbered).id: line for line in text.splitlines()}


class _Numbered(msgspec.Struct):
    id: int
