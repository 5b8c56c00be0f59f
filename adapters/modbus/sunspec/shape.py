"""Where the points of a model lie, and whether the device has them. Pure."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import NamedTuple

from adapters.modbus.sunspec.definitions import GroupDef, ModelDef, PointDef

NO_POINT = frozenset({"sunssf", "count", "pad"})
"""Types that only serve the others."""

POWERS = range(-10, 11)
"""What a scale factor may be (SunSpec Device Information Model Specification 1.1, 4.2)."""

SIGN_16, SIGN_32, SIGN_64 = 1 << 15, 1 << 31, 1 << 63
ONES_16, ONES_32, ONES_48, ONES_64 = (1 << 16) - 1, (1 << 32) - 1, (1 << 48) - 1, (1 << 64) - 1

NOT_IMPLEMENTED: Mapping[str, frozenset[int]] = {
    "int16": frozenset({SIGN_16}),
    "uint16": frozenset({ONES_16}),
    "acc16": frozenset({0}),
    "enum16": frozenset({ONES_16}),
    "bitfield16": frozenset({ONES_16}),
    "int32": frozenset({SIGN_32}),
    "uint32": frozenset({ONES_32}),
    "acc32": frozenset({0}),
    "enum32": frozenset({ONES_32}),
    "bitfield32": frozenset({ONES_32}),
    "ipaddr": frozenset({0}),
    "int64": frozenset({SIGN_64}),
    "uint64": frozenset({ONES_64}),
    "acc64": frozenset({0}),
    "bitfield64": frozenset({ONES_64}),
    "ipv6addr": frozenset({0}),
    "eui48": frozenset({0, ONES_48, ONES_64}),
}
"""By type, the bits that say so; floats say it by no number, strings by a NUL at their beginning (SunSpec Device
Information Model Specification 1.1, 4.2)."""

EXPONENT_32, EXPONENT_64 = 0x7F800000, 0x7FF0000000000000
"""Where all of them are set the float is no finite number (IEEE 754-2008, 3.4)."""


class Place(NamedTuple):
    """A point in its model: registers from the header's end on; `factor`: where its power of ten lies, or `power`."""

    name: str
    at: int
    point: PointDef
    factor: int | None
    power: int


class _Frame(NamedTuple):
    """What surrounds a group: its model's name, how many registers that has, its counts, its scale factors so far."""

    model: str
    length: int
    counts: Mapping[str, int]
    factors: Mapping[str, int]


def counts_of(model: ModelDef, words: Sequence[int]) -> dict[str, int]:
    """How often groups come, as the model's own points say it; a count that is not implemented is none."""
    wanted = frozenset(_counting(model.group))
    counts: dict[str, int] = {}
    at = 0
    for point in model.group.points:
        if point.name in wanted and at + point.width <= len(words):
            count = _bits(words, at, point.width)
            counts[point.name] = 0 if count == (1 << 16 * point.width) - 1 else count
        at += point.width
    return counts


def places(model: ModelDef, length: int, counts: Mapping[str, int]) -> Iterator[Place]:
    """The points that so many registers have room for, in their order."""
    yield from _places(model.group, "", 0, _Frame(model.group.name, length, counts, {}))


def is_implemented(place: Place, words: Sequence[int]) -> bool:
    """Whether the device has this point, by what is in its model's registers; all of them, or nothing is."""
    point = place.point
    if place.at + point.width > len(words):
        return False
    bits = _bits(words, place.at, point.width)
    if point.type == "string":
        return words[place.at] >> 8 != 0
    if point.type in {"float32", "float64"}:
        exponent = EXPONENT_32 if point.type == "float32" else EXPONENT_64
        return bits & exponent != exponent
    return bits not in NOT_IMPLEMENTED[point.type]


def is_scaled(place: Place, words: Sequence[int]) -> bool:
    """Whether its scale factor, if it needs one, says something."""
    if place.factor is None:
        return True
    if place.factor >= len(words):
        return False
    word = words[place.factor]
    return (word - (word >= SIGN_16) * (ONES_16 + 1)) in POWERS


def _bits(words: Sequence[int], at: int, width: int) -> int:
    bits = 0
    for word in words[at : at + width]:
        bits = bits << 16 | word
    return bits


def _counting(group: GroupDef) -> Iterator[str]:
    for below in group.groups:
        if isinstance(below.count, str):
            yield below.count
        yield from _counting(below)


def _places(group: GroupDef, prefix: str, at: int, frame: _Frame) -> Generator[Place, None, int]:
    """Returns where the group ends."""
    starts: list[int] = []
    factors = dict(frame.factors)
    for point in group.points:
        starts.append(at)
        if point.type == "sunssf":
            factors[point.name] = at
        at += point.width
    for start, point in zip(starts, group.points, strict=True):
        if point.type not in NO_POINT and start + point.width <= frame.length:
            yield _place(f"{prefix}{point.name}", start, point, factors)
    for below in group.groups:
        at = yield from _instances(below, prefix, at, frame._replace(factors=factors))
    return at


def _place(name: str, at: int, point: PointDef, factors: Mapping[str, int]) -> Place:
    if isinstance(point.sf, str):
        return Place(name, at, point, factors.get(point.sf), 0)
    return Place(name, at, point, None, point.sf or 0)


def _instances(group: GroupDef, prefix: str, at: int, frame: _Frame) -> Generator[Place, None, int]:
    """All of a repeated group, as far as there is room; numbered from 1 unless it can be there only once."""
    name = f"{prefix}{group.name.removeprefix(f'{frame.model}_')}_"
    if group.count is None:
        return (yield from _places(group, name, at, frame))
    count = frame.counts.get(group.count, 0) if isinstance(group.count, str) else group.count or math.inf
    number = 0
    while number < count and at < frame.length:
        number += 1
        end = yield from _places(group, f"{name}{number}_", at, frame)
        if end == at:
            break
        at = end
    return at
