"""What a device does once something is said to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from adapters.serial.config import SerialPoint
from adapters.serial.simulator.script import Cue
from adapters.serial.simulator.unit import Unit
from adapters.serial.talk.raw import value_of
from gateway.model import Value
from gateway.template.number import number_of
from gateway.values import Unwritable

TRUE = frozenset({"1", "true", "on"})
"""How a template, or a person, says that something is so."""


def obey(unit: Unit, cue: Cue, captured: Mapping[str, Value]) -> None:
    """Write a point, know that a message has come; a command's arguments set the points of their names."""
    script = cue.script
    points = unit.device.points
    if script.kind == "ack":
        if (pending := unit.pending.get(script.name)) is not None and pending.is_meant(captured):
            del unit.pending[script.name]
    elif script.kind == "write" and "value" in captured:
        raw = _as_kind(points[script.name], captured["value"])
        _put(unit, script.name, value_of(points[script.name], raw, raw))
    elif script.kind == "command":
        for name, value in captured.items():
            if name in points:
                _put(unit, name, _as_kind(points[name], value))


def _put(unit: Unit, point: str, value: Value) -> None:
    """What it can't hold changes nothing."""
    with suppress(Unwritable):
        unit.put(point, value)


def _as_kind(point: SerialPoint, value: Value) -> Value:
    """As the point's values are: characters may stand for a number, or for a label's code."""
    for said, label in (point.enum or {}).items():
        if str(said) == str(value) or label == value:
            return label
    if point.kind == "bool":
        return str(value).strip().lower() in TRUE
    if point.kind == "text":
        return str(value)
    return number_of(value) if isinstance(value, str) else value
