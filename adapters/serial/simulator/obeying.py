"""What a device does once something is said to it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from adapters.serial.config import SerialPoint
from adapters.serial.simulator.script import Cue
from adapters.serial.simulator.unit import Unit
from gateway.model import Value
from gateway.values import Unwritable


def obey(unit: Unit, cue: Cue, captured: Mapping[str, Value]) -> None:
    """Write a point, know that a message has come; a command's arguments set the points of their names."""
    script = cue.script
    if script.kind == "ack":
        if (pending := unit.pending.get(script.name)) is not None and pending.is_meant(captured):
            del unit.pending[script.name]
    elif script.kind == "write" and "value" in captured:
        _put(unit, script.name, captured["value"])
    elif script.kind == "command":
        for name, value in captured.items():
            if name in unit.device.points:
                _put(unit, name, value)


def _put(unit: Unit, point: str, value: Value) -> None:
    """What it can't hold changes nothing."""
    with suppress(Unwritable):
        unit.put(point, _as_kind(unit.device.points[point], value))


def _as_kind(point: SerialPoint, value: Value) -> Value:
    """As the point's values are: characters may stand for a number, or for a label's code."""
    for said, label in (point.enum or {}).items():
        if str(said) == str(value) or label == value:
            return label
    if point.kind == "bool":
        return str(value).strip().lower() in {"1", "true", "on"}
    if point.kind == "text" or not isinstance(value, str):
        return str(value) if point.kind == "text" else value
    try:
        number = float(value)
    except ValueError:
        raise Unwritable("malformed", f"{value!r} is not a number") from None
    return round(number) if point.kind == "int" else number
