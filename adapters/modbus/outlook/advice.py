"""What installers get wrong though it is valid. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from adapters.modbus.blocks.plan import cell_of
from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.config.link import DEFAULT_PORT
from adapters.modbus.outlook.load import Demand, Load, load_of
from gateway.adapter import Advice
from gateway.line.figures import percent, span
from gateway.ports.passing import NameOf, of_passing_name
from gateway.units import format_duration

LAST_UNIT = 247
"""Ids above it are reserved, 0 is a broadcast that nobody answers (MODBUS over Serial Line V1.02, 2.2)."""


def advice(link: ModbusLink, devices: Mapping[str, ModbusDevice], name_of: NameOf) -> Iterator[Advice]:
    """All of it."""
    yield from _of_the_port(link, name_of)
    if link.is_line:
        yield from _of_units(devices)
    yield from _of_twins(devices)
    yield from _of_time(link, devices)


def _of_the_port(link: ModbusLink, name_of: NameOf) -> Iterator[Advice]:
    if link.is_serial:
        yield from of_passing_name(link.path, name_of)
    if link.is_line and not link.is_serial and link.address[1] == DEFAULT_PORT:
        text = f"at port {DEFAULT_PORT} devices speak Modbus TCP as a rule, and answer nothing else"
        yield Advice("address", f"{text} - did you mean transport: tcp?", ("transport",))


def _of_units(devices: Mapping[str, ModbusDevice]) -> Iterator[Advice]:
    for name, device in devices.items():
        if device.unit_id == 0:
            text = f"no device answers to unit_id 0, which is for all at once - devices have 1 to {LAST_UNIT}"
            yield Advice("unreachable", text, ("unit_id",), name)
        elif device.unit_id > LAST_UNIT:
            text = f"unit_id {device.unit_id} is reserved on a serial line - devices have 1 to {LAST_UNIT}"
            yield Advice("address", text, ("unit_id",), name)


def _of_twins(devices: Mapping[str, ModbusDevice]) -> Iterator[Advice]:
    """One unit may well be two devices of ours, but hardly with the same registers."""
    seen: dict[tuple[object, ...], str] = {}
    for name, device in devices.items():
        spans = {(device.unit_id, *cell_of(device, point).span) for point in device.points}
        first = next((seen[span] for span in spans if span in seen), None)
        if first is not None:
            text = f"this is the same unit as {first}, id {device.unit_id}, and the same points are read"
            yield Advice("address", f"{text} - set the unit_id that this device has", ("unit_id",), name)
        seen = dict.fromkeys(spans, name) | seen


def _of_time(link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> Iterator[Advice]:
    load = load_of(link, devices)
    if load.share is not None and load.share > 1:
        largest = max(load.demands, key=lambda each: each.share)
        text = f"{_need(load, load.share, largest)} - {_remedy(load, load.share, largest)}, or raise the baudrate"
    elif load.answer_within_s is not None and load.answer_within_s <= 0:
        largest = max(load.demands, key=lambda each: each.requests / each.every_s)
        pauses = span(link.pause_between)
        text = f"{load.requests_per_s:.3g} requests/s are too many with a pause_between of {pauses}"
        text = f"{text}: polls will be skipped - lengthen `every`, or shorten the pause"
    else:
        return
    device = devices[largest.device]
    path = ("every",) if largest.every_s == device.every else ("points", largest.points[0], "every")
    yield Advice("overload", text, path, largest.device)


def _need(load: Load, share: float, largest: Demand) -> str:
    """In the words of the one who has asked for it."""
    asked_s = largest.every_s
    all_of_it = "what is" if len(load.demands) == 1 else "all that is"
    need = f"the line needs {span(share * asked_s)} for {all_of_it} asked of it each {format_duration(asked_s)}"
    return f"{need} (load {percent(share)}): polls will be skipped"


def _remedy(load: Load, share: float, largest: Demand) -> str:
    if {each.every_s for each in load.demands} != {largest.every_s}:
        return "lengthen `every`"
    return f"lengthen `every` ({format_duration(_round_up(share * largest.every_s))} would do)"


def _round_up(seconds: float) -> float:
    """To a period that a person would write."""
    step = math.pow(10, math.floor(math.log10(seconds))) / 2
    return math.ceil(seconds / step) * step
