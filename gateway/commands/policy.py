"""What a command may do by what it says alone, decided before anything is touched. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from gateway.adapter import Rejected
from gateway.commands.arguments import checked
from gateway.commands.decode import Request
from gateway.model import NO_GUARDS, DeviceInfo, Guards, Interlock, Part, PointInfo, Settling, Value
from gateway.units import TimesIn


class Guarded(NamedTuple):
    """What else must hold, and where in the configuration it stands."""

    rule: str
    what: str
    guards: Guards


class Permit(NamedTuple):
    """A command that may be carried out if what guards it holds; `moves`: more than reading."""

    moves: bool
    guarded: tuple[Guarded, ...] = ()
    device_rate: tuple[str, TimesIn] | None = None
    interlocks: tuple[Interlock, ...] = ()
    parts: tuple[Part, ...] = ()
    settling: Mapping[str, Settling] = {}
    args: Mapping[str, Any] = {}
    """What a named command is carried out with: what was given, and defaults."""


def check(request: Request, device: DeviceInfo) -> Permit:
    """Raises Rejected, naming the rule, unless the device has all of it and it may be written or read as asked."""
    if request.read is not None:
        _check_names(request.read, device)
        return Permit(moves=False)
    if request.peek is not None:
        return Permit(moves=False)
    if not device.takes_commands:
        rule = f"devices.{device.device}.commands"
        raise Rejected("policy", f"nothing is written to {device.device} (commands: false)", rule)
    rate = (f"devices.{device.device}.max_write_rate", device.max_write_rate) if device.max_write_rate else None
    settling = {name: point.settling for name, point in device.points.items() if point.settling is not None}
    if request.invoke is not None:
        return _check_invoke(request, device)._replace(device_rate=rate, settling=settling)
    _check_names(request.write or {}, device)
    guarded = tuple(_guarded_points(request.write or {}, device))
    return Permit(True, guarded, rate, _interlocks(guarded), settling=settling)


def _check_names(names: Mapping[str, Value] | list[str], device: DeviceInfo) -> None:
    for name in names:
        if name not in device.points:
            raise Rejected("unknown-point", f"{device.device} has no point '{name}'")


def _guarded_points(writes: Mapping[str, Value], device: DeviceInfo) -> Iterator[Guarded]:
    for name, value in writes.items():
        point, rule = device.points[name], f"devices.{device.device}.points.{name}.writable"
        _check_write(point, value, rule)
        if point.guards != NO_GUARDS:
            yield Guarded(rule, name, point.guards)


def _check_write(point: PointInfo, value: Value, rule: str) -> None:
    if not point.writable:
        raise Rejected("not-writable", f"{point.name} is not marked writable in the configuration", rule)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high = point.write_min, point.write_max
    if (low is not None and value < low) or (high is not None and value > high):
        detail = f"{point.name} may be written {_between(low, high, point.unit or '')}"
        raise Rejected("out-of-range", detail, rule)


def _between(low: float | None, high: float | None, unit: str) -> str:
    if high is None:
        return f"from {low:g} {unit}".rstrip() + " upwards"
    return (f"up to {high:g} {unit}" if low is None else f"from {low:g} to {high:g} {unit}").rstrip()


def _check_invoke(request: Request, device: DeviceInfo) -> Permit:
    command = device.commands.get(request.invoke or "")
    if command is None:
        known = ", ".join(sorted(device.commands)) or "none"
        raise Rejected("unknown-command", f"{device.device} has no command '{request.invoke}' (it has: {known})")
    for step in command.steps:
        _check_names(step.write, device)
    own = Guarded(f"devices.{device.device}.commands.{request.invoke}", f"'{request.invoke}'", command.guards)
    args = checked(request.invoke or "", request.args, command.args, f"{own.rule}.args")
    writes = [tuple(_guarded_points(step.write, device)) for step in command.steps]
    points = {each.rule: each for guarded in writes for each in guarded}
    parts = tuple(Part(step, _interlocks(guarded)) for step, guarded in zip(command.steps, writes, strict=True))
    guarded = (own, *points.values())
    return Permit(moves=True, guarded=guarded, interlocks=_interlocks((own,)), parts=parts, args=args)


def _interlocks(guarded: Iterable[Guarded]) -> tuple[Interlock, ...]:
    return tuple(Interlock(f"{rule}.interlock", guards.interlock) for rule, _, guards in guarded if guards.interlock)
