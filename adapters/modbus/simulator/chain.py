"""A SunSpec device's registers: a chain of models with what such a device would plausibly say. Pure."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase

from adapters.modbus.config.sunspec import SunSpec
from adapters.modbus.config.tables import MAX_READ_REGISTERS
from adapters.modbus.sunspec.definitions import GroupDef, ModelDef, PointDef, definition, numbers
from adapters.modbus.sunspec.points import is_wanted
from adapters.modbus.sunspec.shape import NOT_IMPLEMENTED, Place, counts_of, places
from adapters.modbus.sunspec.walk import COMMON, END, MARK

USUAL = (COMMON, 103, 120, 121, 123, 160, 203)
"""What a three-phase inverter with two strings and a meter has: its ratings, settings and controls, too."""
INSTANCES = 2
"""Of a group that comes as often as the device likes: enough to see that it is repeated."""

POWERS: Mapping[str | None, int] = {"V": -1, "A": -1, "Hz": -2, "C": -1, "Pct": -1, "cos()": -2, "% WMax": -1, "VA": 1}
"""Scale factors, by the unit of what is scaled."""

ABSENT = ("Opt", "*Vnd*", "PPVph*", "TmpTrns", "TmpOt", "TotV*Ph[ABC]", "TmsPer", "VRefOfs", "VMin")
"""What few devices implement."""
LIKELY = ("MPPT", "CONNECT", "PV", "NORMAL", "ON", "COMPLETED")
"""Labels of a device that is at work; else an enumeration has its first."""

PAD = 0x8000
"""What fills a model up (SunSpec Device Information Model Specification 1.1, 4.2)."""

ONE = {"float32": struct.pack(">f", 1.0), "float64": struct.pack(">d", 1.0)}
EMPTY = {"float32": struct.pack(">f", float("nan")), "float64": struct.pack(">d", float("nan"))}
ADDRESSES = frozenset({"ipaddr", "ipv6addr", "eui48"})


def models(wanted: Iterable[SunSpec]) -> list[ModelDef]:
    """What devices at one place must have so that all finds something."""
    chosen = {COMMON}.union(*map(_chosen, wanted))
    return [_known(number) for number in sorted(chosen)]


def chain(wanted: Iterable[SunSpec], unit: int) -> list[int]:
    """All registers from the mark to the end; each device tells its unit id as its serial number."""
    wanted = tuple(wanted)
    asked = frozenset(name for each in wanted for name in each.points)
    words = list(MARK)
    for model in models(wanted):
        body = _body(model, unit, asked)
        words += [model.id, len(body), *body]
    return [*words, END, 0]


def _chosen(wanted: SunSpec) -> set[int]:
    """The models that `only` means, or the usual ones, and those to whose points something is added."""
    found = set() if wanted.only else set(USUAL)
    for only in wanted.only:
        found.update(_fitting(only, USUAL) or _fitting(only, numbers()))
    return found.union(number for number in numbers() if _is_named(number, wanted))


def _fitting(only: int | str, among: Iterable[int]) -> list[int]:
    return [number for number in among if is_wanted(_known(number).group.name, number, (only,))]


def _is_named(number: int, wanted: SunSpec) -> bool:
    """Whether something is added to one of its points."""
    known = _known(number)
    prefix = f"{known.group.name}_"
    names = {name.removeprefix(prefix) for name in wanted.points if name.startswith(prefix)}
    return bool(names) and not names.isdisjoint(place.name for place in _places(known))


def _known(number: int) -> ModelDef:
    known = definition(number)
    assert known is not None, "it is one of the definitions"
    return known


def _places(model: ModelDef) -> Iterator[Place]:
    blank = _blank(model)
    return places(model, len(blank), counts_of(model, blank))


def _blank(model: ModelDef) -> list[int]:
    """So many registers as it has, with nothing but its counts in them."""
    words = [PAD] * _span(model.group)
    at = 0
    for point in model.group.points:
        if point.type == "count" or point.name in _counting(model.group):
            words[at : at + point.width] = _words(INSTANCES, point.width)
        at += point.width
    return words


def _counting(group: GroupDef) -> frozenset[str]:
    below = frozenset(each.count for each in group.groups if isinstance(each.count, str))
    return below.union(*map(_counting, group.groups))


def _span(group: GroupDef) -> int:
    own = sum(point.width for point in group.points)
    return own + sum(_times(below) * _span(below) for below in group.groups)


def _times(group: GroupDef) -> int:
    if group.count is None:
        return 1
    return INSTANCES if isinstance(group.count, str) else group.count or INSTANCES


def _body(model: ModelDef, unit: int, asked: frozenset[str]) -> list[int]:
    """What follows its header."""
    words, counting = _blank(model), _counting(model.group)
    for place in _places(model):
        if place.name in counting:
            continue
        if place.factor is not None:
            words[place.factor] = POWERS.get(place.point.unit, 0) & 0xFFFF
        is_asked = f"{model.group.name}_{place.name}" in asked
        bits = _content(place, unit) if is_asked or not _is_absent(place) else _nothing(place.point)
        words[place.at : place.at + place.point.width] = _words(bits, place.point.width)
    return words


def _is_absent(place: Place) -> bool:
    """Whether few have it, or no request could bring it."""
    return place.point.width > MAX_READ_REGISTERS or any(fnmatchcase(place.point.name, pattern) for pattern in ABSENT)


def _content(place: Place, unit: int) -> int:
    """What it says before anything moves."""
    point = place.point
    kind = point.type
    if kind == "string":
        return _text(_said(place, unit), point.width)
    if kind in ONE:
        return int.from_bytes(ONE[kind], "big")
    if kind in ADDRESSES or kind.startswith("bitfield"):
        return 0  # an address that there is not; none of what may be the matter
    if kind.startswith("enum") and point.symbols:
        by_label = {label: number for number, label in point.symbols.items()}
        return next((by_label[label] for label in LIKELY if label in by_label), min(point.symbols))
    return unit if point.name == "DA" else _number_in(place.name)


def _said(place: Place, unit: int) -> str:
    texts = {"Mn": "fieldgate", "Md": "Simulated", "Vr": "1.0", "SN": f"SIM-{unit:03}"}
    return texts.get(place.point.name, place.name)


def _number_in(name: str) -> int:
    """Which of several it belongs to: 2 in `module_2_ID`."""
    found = re.findall(r"_(\d+)_", name)
    return int(found[-1]) if found else 1


def _nothing(point: PointDef) -> int:
    """That it is not implemented."""
    if point.type in EMPTY:
        return int.from_bytes(EMPTY[point.type], "big")
    return 0 if point.type == "string" else min(NOT_IMPLEMENTED[point.type])


def _text(text: str, width: int) -> int:
    size = 2 * width
    return int.from_bytes(text.encode()[:size].ljust(size, b"\0"), "big")


def _words(bits: int, width: int) -> Iterator[int]:
    return (bits >> 16 * (width - 1 - place) & 0xFFFF for place in range(width))
