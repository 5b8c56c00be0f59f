"""What can be told of a command before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.serial.config import SerialCommand, SerialDevice, SerialPoint
from adapters.serial.patterns import compiled
from adapters.serial.talk.raw import raw_of, value_of
from adapters.serial.talk.script import Ground, Script
from gateway.adapter import Rejected
from gateway.model import Value
from gateway.template.places import Format, Scalar
from gateway.values import Unwritable

VALUE = "value"
"""The place in what is sent where a point's value goes."""


class Writing(NamedTuple):
    """A point to write: `raw` is what is put in place `how` it is told there, and `value` what that means then."""

    name: str
    point: SerialPoint
    value: Value
    raw: Value
    script: Script
    how: Format | Scalar | None


class Invoking(NamedTuple):
    """A command to carry out, with what is known of its arguments."""

    script: Script
    values: Mapping[str, Value]


def invoking(name: str, device: SerialDevice, ground: Ground, command: str, args: Mapping[str, Value]) -> Invoking:
    """Of a command, with all that it takes; raises Rejected."""
    known = (device.commands or {}).get(command)
    if not isinstance(known, SerialCommand):
        raise Rejected("unknown-command", f"{name} has no command {command!r}")
    _look_right(known, args)
    script = ground.script(known)
    values = {**ground.known, **args}
    _stays_whole(script, args)
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
    _stays_whole(script, {"value": raw})
    _fits(script, {**ground.known, "value": raw})
    template = next((each for each in script.sends if VALUE in each.names), None)
    written = value_of(point, raw if template is None else template.sent(VALUE, raw), value)
    if (why := point.off_limits(written)) is not None:
        raise Rejected("out-of-range", f"{name}: {why}")
    return Writing(name, point, written, raw, script, None if template is None else template.how(VALUE))


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


def _look_right(command: SerialCommand, args: Mapping[str, Value]) -> None:
    """What only the engine of the patterns can tell; all else about them the core has seen to. Raises Rejected."""
    for name, value in args.items():
        pattern = command.args[name].pattern
        if pattern is not None and isinstance(value, str) and not _whole(pattern, value):
            raise Rejected("malformed", f"argument {name}: {value!r} does not look like {pattern}")


def _whole(pattern: str, text: str) -> bool:
    return compiled(f"^(?:{pattern})$", "utf-8").search(text.encode()) is not None


def _printable(name: str, value: Value) -> None:
    """A line's end within a text would begin another command of the device; raises Rejected."""
    if isinstance(value, str) and any(character < " " or character == "\x7f" for character in value):
        raise Rejected("malformed", f"{name}: control characters, such as a line's end, can't be part of a value")


def _stays_whole(script: Script, given: Mapping[str, Value]) -> None:
    """What ends a text for the device, within it, would let the rest be another command; raises Rejected."""
    for template in script.sends:
        for name, value in given.items():
            if isinstance(value, str) and (found := sorted(template.ends(name).intersection(value))):
                detail = f"{name}: to the device it would end at {found[0]!r}, which can't be part of it"
                raise Rejected("malformed", detail)


def _fits(script: Script, values: Mapping[str, Value]) -> None:
    """As far as it is known before the device has said anything; raises Rejected."""
    for template in script.sends:
        if template.names <= values.keys():
            try:
                template.render(values)
            except Unwritable as error:
                raise Rejected(error.reason, str(error)) from None
