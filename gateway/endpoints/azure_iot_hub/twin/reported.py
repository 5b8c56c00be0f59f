"""Reported properties: what a gateway says of itself, within what a twin takes. Pure.

How much is said of each device depends on how many there are and on their names, never on how they are: a document that
is just too long does not change its shape with each fault that comes and goes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.endpoints.azure_iot_hub.twin.patches import Properties
from gateway.endpoints.azure_iot_hub.twin.texts import fitted, key

MAX_BYTES = 32 * 1024
"""Of all reported properties (IoT Hub, "Understand and use device twins", size) ..."""

DEVICES_BYTES, LINKS_BYTES = 20 * 1024, 3 * 1024
"""... of these, as JSON: 500 devices have room with their states. Answers to what is desired take up to 7 KiB."""

TEXT_BYTES = {"state": 8, "since": 24, "reason": 32, "link": 64, "fault": 120}
"""Of what is said of a device or a link."""

OF_DEVICE = (("state", "since", "reason", "link"), ("state", "since"), ("state",))
OF_LINK = (("state", "fault"), ("state",))
"""What is said of one, from most to least; where even that is too much, only how many are in which state."""

PUNCTUATION = len('"":{},')
"""Of a name and its object, and of a member and its text."""

STATES = 8
"""More there are not, of devices or of links."""

FEW, MANY = 100, 10**12
"""What waits is told in one digit, and below few not at all: it comes and goes, and each change is metered.

A twin takes no integer beyond 2^52 ("Understand and use device twins", format).
"""

SELDOM = frozenset({"outbox"})
"""Properties that need not be up to date: they are worth no patch of their own."""


def document(facts: Mapping[str, Any], answers: Mapping[str, Any]) -> Properties:
    """All of it, of what a session's `facts` tell; without a null or an empty object."""
    devices, links = _entries(facts, "devices"), _entries(facts, "links")
    shown_devices, devices_cut = _shown(devices, OF_DEVICE, DEVICES_BYTES)
    shown_links, links_cut = _shown(links, OF_LINK, LINKS_BYTES)
    told = {
        "gateway": _texts(facts, {"gateway": "id", "version": "version", "config": "config", "system_clock": "clock"}),
        "counts": {name: _counted(each) for name, each in (("devices", devices), ("links", links)) if each},
        "devices": shown_devices,
        "links": shown_links,
        "outbox": _outbox(facts.get("outbox")),
        "shortened": {"devices": devices_cut, "links": links_cut},
        **answers,
    }
    return {name: value for name, value in _without_none(told).items() if value != {}}


def _entries(facts: Mapping[str, Any], name: str) -> Mapping[str, Mapping[str, Any]]:
    """By key."""
    given = facts.get(name)
    return {key(each): told for each, told in given.items()} if isinstance(given, Mapping) else {}


def _shown(
    entries: Mapping[str, Mapping[str, Any]], levels: Sequence[Sequence[str]], max_bytes: int
) -> tuple[Properties, str | None]:
    """As much as always has room; what is left out, if anything."""
    for fields in levels:
        most = sum(_most_bytes(name, fields) for name in entries)
        if most <= max_bytes:
            left_out = [each for each in levels[0] if each not in fields]
            shown = {name: _fields(told, fields) for name, told in entries.items()}
            return shown, f"there are {len(entries)}: without {', '.join(left_out)}" if left_out else None
    return {}, f"there are {len(entries)}: only counts are told"


def _most_bytes(name: str, fields: Sequence[str]) -> int:
    return len(name.encode()) + PUNCTUATION + sum(len(each) + TEXT_BYTES[each] + PUNCTUATION for each in fields)


def _fields(told: Mapping[str, Any], fields: Sequence[str]) -> Properties:
    return {each: fitted(str(told[each]), TEXT_BYTES[each]) for each in fields if told.get(each) is not None}


def _counted(entries: Mapping[str, Mapping[str, Any]]) -> Properties:
    states = Counter(key(fitted(str(told.get("state")), TEXT_BYTES["state"])) for told in entries.values())
    return dict(states.most_common(STATES))


def _texts(facts: Mapping[str, Any], names: Mapping[str, str]) -> Properties:
    return {short: fitted(facts[name], 64) for name, short in names.items() if isinstance(facts.get(name), str)}


def _outbox(outbox: Any) -> Properties:
    if not isinstance(outbox, Mapping):
        return {}
    fault = outbox.get("fault")
    return {"waiting": coarse(outbox.get("waiting", 0)), "fault": fitted(str(fault), 120) if fault else None}


def coarse(count: int) -> int:
    """In one digit, and 0 below a hundred."""
    digits = 10 ** (len(str(count)) - 1)
    return min(count // digits * digits, MANY) if count >= FEW else 0


def _without_none(properties: Mapping[str, Any]) -> Properties:
    return {
        name: _without_none(value) if isinstance(value, Mapping) else value
        for name, value in properties.items()
        if value is not None
    }
