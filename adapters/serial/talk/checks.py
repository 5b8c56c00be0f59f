"""What can be told of a command before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.serial.config import Argument, SerialCommand, SerialDevice, SerialPoint
from adapters.serial.patterns import compiled
from adapters.serial.talk.raw import raw_of
from adapters.serial.talk.script import Ground, Script
from gateway.adapter import Rejected
from gateway.model import Value
from gateway.values import Unwritable

KINDS: Mapping[str, type | tuple[type, ...]] = {"float": (int, float), "int": int, "bool": bool, "text": str}


class Writing(NamedTuple):
    """A point to write: `raw` is what stands for the value on the wire."""

    name: str
    point: SerialPoint
    value: Value
    raw: Value
    script: Script


class Invoking(NamedTuple):
    """A command to carry out, with what is known of its arguments."""

    script: Script
    values: Mapping[str, Value]


def invoking(name: str, device: SerialDevice, ground: Ground, command: str, args: Mapping[str, Any]) -> Invoking:
    """Of a command; raises Rejected."""
    known = (device.commands or {}).get(command)
    if not isinstance(known, SerialCommand):
        raise Rejected("unknown-command", f"{name} has no command {command!r}")
    given = arguments(known, args)
    script = ground.script(known)
    values = {**ground.known, **given}
    _fits(script, values)
    return Invoking(script, values)


def writing(device: SerialDevice, ground: Ground, name: str, value: Value) -> Writing:
    """Of a point; raises Rejected."""
    point = point_of(device, name)
    if point.writable is False or point.write is None:
        raise Rejected("not-writable", f"{name} is not writable")
    try:
        raw = raw_of(point, value)
    except Unwritable as error:
        raise Rejected(error.reason, f"{name}: {error}") from None
    _printable(name, raw)
    script = ground.script(point.write)
    _fits(script, {**ground.known, "value": raw})
    return Writing(name, point, value, raw, script)


def point_of(device: SerialDevice, name: str) -> SerialPoint:
    """By its name; raises Rejected."""
    if name not in device.points:
        raise Rejected("unknown-point", f"there is no point {name!r}")
    return device.points[name]


def askable(device: SerialDevice, name: str) -> None:
    """Whether a point can be read when somebody wants it; raises Rejected."""
    point = point_of(device, name)
    parts = dict(device.parts())[point.message or next(iter(dict(device.parts())))]
    if parts.poll is None and parts.stale_after == "never":
        detail = f"{name}: the device sends it when something happens, and can't be asked: `monitor` shows it then"
        raise Rejected("not-supported", detail)


def arguments(command: SerialCommand, given: Mapping[str, Any]) -> dict[str, Value]:
    """All of a command's arguments, with the defaults of those that are not given; raises Rejected."""
    if unknown := sorted(set(given) - set(command.args)):
        raise Rejected("malformed", f"there is no argument {', '.join(unknown)}; it takes {_names(command)}")
    return {name: _given(name, argument, given.get(name, argument.default)) for name, argument in command.args.items()}


def _given(name: str, argument: Argument, value: Any) -> Value:
    if value is None:
        raise Rejected("malformed", f"argument {name} is missing")
    if not _is_of(argument, value):
        raise Rejected("malformed", f"argument {name}: {value!r} is no {argument.type}")
    if isinstance(value, str) and argument.pattern is not None and not _whole(argument.pattern, value):
        raise Rejected("malformed", f"argument {name}: {value!r} does not look like {argument.pattern}")
    checked: Value = value
    _printable(name, checked)
    return checked


def _is_of(argument: Argument, value: Any) -> bool:
    return isinstance(value, KINDS[argument.kind]) and (not isinstance(value, bool) or argument.kind == "bool")


def _whole(pattern: str, text: str) -> bool:
    return compiled(f"^(?:{pattern})$", "utf-8").search(text.encode()) is not None


def _printable(name: str, value: Value) -> None:
    """A line's end within a text would begin another command of the device; raises Rejected."""
    if isinstance(value, str) and any(character < " " or character == "\x7f" for character in value):
        raise Rejected("malformed", f"{name}: control characters, such as a line's end, can't be part of a value")


def _fits(script: Script, values: Mapping[str, Value]) -> None:
    """As far as it is known before the device has said anything; raises Rejected."""
    for template in script.sends:
        if template.names <= values.keys():
            try:
                template.render(values)
            except Unwritable as error:
                raise Rejected(error.reason, str(error)) from None


def _names(command: SerialCommand) -> str:
    return ", ".join(command.args) or "none"
