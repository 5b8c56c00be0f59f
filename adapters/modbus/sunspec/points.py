"""What was found of a device as the points of its configuration."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from adapters.modbus.config.point import ModbusPoint
from adapters.modbus.config.sense import complaints
from adapters.modbus.config.sunspec import PointAddition, SunSpec
from adapters.modbus.config.tables import ADDRESSES
from adapters.modbus.sunspec.definitions import HEADER
from adapters.modbus.sunspec.shape import NOT_IMPLEMENTED, SIGN_16, SIGN_32, SIGN_64, Place, places
from adapters.modbus.sunspec.walk import COMMON, Definition, Model, named

STATIC_EVERY = "1h"
"""What changes only with the device itself is read so often, if the device is not read less often."""
STATIC_EVERY_S = 3600.0

TYPES = {
    "acc16": "uint16",
    "enum16": "uint16",
    "bitfield16": "uint16",
    "acc32": "uint32",
    "enum32": "uint32",
    "bitfield32": "uint32",
    "acc64": "uint64",
    "bitfield64": "uint64",
}
"""SunSpec's types that are plain numbers on the wire; the others have the same names here."""

SIGNED = {"int16": SIGN_16, "int32": SIGN_32, "int64": SIGN_64}
BYTES = {"ipaddr": (0, 2), "ipv6addr": (0, 8), "eui48": (1, 3)}
"""Addresses are shown as their bytes: by type, from which register on, and how many. An EUI-48 has an empty one before
it (SunSpec Device Information Model Specification 1.1, 4.2)."""
FLOATS = frozenset({"float32", "float64"})


class Frame(NamedTuple):
    """What holds for all points of a device."""

    address_base: int
    every_s: float


def points_of(models: Iterable[Model], definition: Definition, wanted: SunSpec, frame: Frame) -> dict[str, ModbusPoint]:
    """The points by their names, with what the configuration adds to them; raises ValueError for what can't be."""
    made: dict[str, ModbusPoint] = {}
    for name, model, known in named(tuple(models), definition):
        if model.address + HEADER + model.length > ADDRESSES:
            raise ValueError(f"model {model.id} at {model.address} ends beyond the last address")
        if not is_wanted(name, model.id, wanted.only):
            continue
        there = frozenset(model.points)
        for place in places(known, model.length, model.counts):
            if place.name in there:
                full = f"{name}_{place.name}"
                made[full] = _point(model, place, frame, wanted.points.get(full))
    return made


def is_wanted(name: str, number: int, only: Iterable[str | int]) -> bool:
    """Whether a model is to be read; `only` names models, all of them if it names none."""
    only = tuple(only)
    return not only or any(each == number or fnmatchcase(name, str(each)) for each in only)


def unmet(wanted: SunSpec, points: Mapping[str, ModbusPoint]) -> list[str]:
    """What the configuration adds in vain, in words: to points that were not found, or what makes no sense there."""
    return [sentence for name in wanted.points for sentence in _unmet(name, wanted.points[name], points)]


def _unmet(name: str, addition: PointAddition, points: Mapping[str, ModbusPoint]) -> Iterator[str]:
    if name in points:
        yield from (f"sunspec.points.{name}: {each}" for each in complaints(_with(points[name], addition)))
        return
    near = difflib.get_close_matches(name, points, n=1)
    yield f"sunspec.points: the device has no point '{name}'{f' - did you mean {near[0]!r}?' if near else ''}"


def _with(point: ModbusPoint, addition: PointAddition) -> ModbusPoint:
    given = {name: getattr(addition, name) for name in addition.model_fields_set - {"type"}}
    return point.model_copy(update=given)


def _point(model: Model, place: Place, frame: Frame, addition: PointAddition | None) -> ModbusPoint:
    first = model.address + HEADER + frame.address_base
    settings: dict[str, Any] = {"address": first + place.at, "order": "ABCD", "unit": place.point.unit}
    settings |= _meaning(place, first)
    if (place.point.static or model.id == COMMON) and frame.every_s < STATIC_EVERY_S:
        settings["every"] = STATIC_EVERY
    point = ModbusPoint.model_validate(settings)
    if addition is None or list(complaints(more := _with(point, addition))):
        return point
    return more


def _meaning(place: Place, first: int) -> dict[str, Any]:
    """Its type, and what its raw value means."""
    kind = place.point.type
    if kind == "string":
        return {"type": "string", "length": place.point.width, "encoding": "utf-8"}
    if kind in BYTES:
        skipped, length = BYTES[kind]
        return {"type": "bytes", "length": length, "address": first + place.at + skipped}
    if kind in FLOATS:
        return {"type": kind}
    meaning: dict[str, Any] = {"type": TYPES.get(kind, kind), "invalid": _invalid(kind)}
    if kind.startswith("enum") and place.point.symbols:
        return {**meaning, "enum": dict(place.point.symbols)}
    if place.factor is not None:
        return {**meaning, "scale_from": first + place.factor}
    return {**meaning, "scale": float(f"1e{place.power}")} if place.power else meaning


def _invalid(kind: str) -> int:
    """The number that says it is not implemented; as the wire type has it."""
    return -SIGNED[kind] if kind in SIGNED else next(iter(NOT_IMPLEMENTED[kind]))
