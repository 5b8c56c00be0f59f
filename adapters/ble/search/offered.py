"""What a connected device offers, with its names in plain words and the points to write for it. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from adapters.ble import sig
from adapters.ble.search.report import short
from gateway.model import Value

USER_DESCRIPTION = "00002901-0000-1000-8000-00805f9b34fb"
HOUSEKEEPING = frozenset({"1800", "1801"})
"""Generic Access and Generic Attribute: what every device has and nobody wants as points."""
ABOUT = frozenset({"180a"})
"""Device Information: it never changes."""
TOLD = frozenset({"notify", "indicate"})
NO_ID = re.compile(r"[^A-Za-z0-9]+")
LONGEST_NAME = 40

NameOf = Callable[[str], str]
"""What a UUID stands for, in plain words; empty where nobody knows."""


class Said(NamedTuple):
    """What was read; `data` None and no `trouble`: it can't be."""

    data: bytes | None = None
    trouble: str = ""


class Characteristic(NamedTuple):
    """`descriptors` by UUID; all UUIDs in full."""

    uuid: str
    properties: tuple[str, ...]
    said: Said
    descriptors: tuple[tuple[str, Said], ...] = ()

    @property
    def description(self) -> str:
        """In its maker's words."""
        data = next((said.data for uuid, said in self.descriptors if uuid == USER_DESCRIPTION), None)
        return text_of(data) or "" if data else ""


class Service(NamedTuple):
    """One of its services."""

    uuid: str
    characteristics: tuple[Characteristic, ...]


def described(services: Sequence[Service], name_of: NameOf) -> dict[str, Any]:
    """JSON-like; `points`: what to write into the device."""
    return {
        "services": [
            {
                "uuid": short(service.uuid),
                "name": name_of(service.uuid),
                "characteristics": [_characteristic(each, name_of) for each in service.characteristics],
            }
            for service in services
        ],
        "points": dict(_points(services)),
    }


def text_of(data: bytes) -> str | None:
    """As a text, if it looks like one."""
    try:
        text = data.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        return None
    return text if text and text.isprintable() else None


def _characteristic(each: Characteristic, name_of: NameOf) -> dict[str, Any]:
    found: dict[str, Any] = {
        "uuid": short(each.uuid),
        "name": name_of(each.uuid),
        "description": each.description,
        "properties": list(each.properties),
        **_said(each.said),
        "values": {name: _value(value, unit) for name, value, unit in _values(each)},
        "descriptors": [{"uuid": short(uuid), "name": name_of(uuid), **_said(said)} for uuid, said in each.descriptors],
    }
    return {name: value for name, value in found.items() if value not in ("", [], {})}


def _said(said: Said) -> dict[str, Any]:
    if said.data is None:
        return {"trouble": said.trouble} if said.trouble else {}
    text = text_of(said.data)
    return {"hex": said.data.hex()} | ({"text": text} if text else {})


def _values(each: Characteristic) -> Iterator[tuple[str, Value, str | None]]:
    """By the standard's format, where there is one and the bytes are of it."""
    name = sig.by_uuid(each.uuid)
    if name is None or each.said.data is None:
        return
    form = sig.CHARACTERISTICS[name]
    try:
        values = form.decode(each.said.data)
    except sig.Undecodable:
        return
    for field, value in values.items():
        yield field, value, form.fields[field].unit


def _value(value: Value, unit: str | None) -> dict[str, Any]:
    return {"value": value} | ({"unit": unit} if unit else {})


def _points(services: Sequence[Service]) -> Iterator[tuple[str, dict[str, Any]]]:
    counts = Counter(each.uuid for service in services for each in service.characteristics)
    taken: set[str] = set()
    for service in services:
        if short(service.uuid) in HOUSEKEEPING:
            continue
        for each in _first_of_each(service.characteristics):
            where = {"service": short(service.uuid)} if counts[each.uuid] > 1 else {}
            for name, point in _points_of(each):
                free = next(free for free in _numbered(name) if free not in taken)
                taken.add(free)
                fits = {} if free == name or "from" in point or "type" in point else {"from": name}
                rare = {"every": "1d"} if short(service.uuid) in ABOUT and "notify" not in point else {}
                yield free, {**point, **where, **fits, **rare}


def _first_of_each(characteristics: Sequence[Characteristic]) -> list[Characteristic]:
    """Of those that share a UUID within a service only the first can be named."""
    firsts: dict[str, Characteristic] = {}
    for each in characteristics:
        firsts.setdefault(each.uuid, each)
    return list(firsts.values())


def _points_of(each: Characteristic) -> Iterator[tuple[str, dict[str, Any]]]:
    told = {"notify": True} if TOLD.intersection(each.properties) else {}
    if "read" not in each.properties and not told:
        return
    name = sig.by_uuid(each.uuid)
    if name is not None:
        for field in sig.CHARACTERISTICS[name].fields:
            yield field, {"characteristic": name, **told}
        return
    called = NO_ID.sub("_", each.description).strip("_").lower()[:LONGEST_NAME]
    yield called or f"c_{short(each.uuid)[:8]}", {"characteristic": short(each.uuid), "type": _type(each), **told}


def _type(each: Characteristic) -> str:
    data = each.said.data
    if data is not None and len(data) == 1:
        return "uint8"
    return "string" if data and text_of(data) else "bytes"


def _numbered(name: str) -> Iterator[str]:
    yield name
    number = 2
    while True:
        yield f"{name}_{number}"
        number += 1
