"""The plan of a link's polls and what it costs, for people and as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.outlook.load import ANSWER_S, Demand, Load, load_of
from gateway.line.figures import burden, percent, span, table
from gateway.units import format_duration

COLUMNS = ("device", "every", "points", "requests", "reads", "bytes out + in", "bus time", "load")
NUMBERS = frozenset({"points", "requests", "bytes out + in", "bus time", "load"})
"""They stand at the right."""


def lines(link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> list[str]:
    """A row for each period of each device, and what it comes to; empty where nothing is polled."""
    load = load_of(link, devices)
    if not load.demands:
        return []
    columns = COLUMNS if link.is_serial else COLUMNS[:-2]
    rows = [columns, *(_row(each)[: len(columns)] for each in load.demands)]
    return [*table(rows, NUMBERS), *_sum(link, load)]


def facts(link: ModbusLink, devices: Mapping[str, ModbusDevice]) -> dict[str, Any]:
    """The same as data; times in seconds, shares as parts of 1."""
    load = load_of(link, devices)
    polls = [{**each._asdict(), "points": len(each.points)} for each in load.demands]
    return {
        "share": load.share,
        "requests_per_s": load.requests_per_s,
        "answer_within_s": load.answer_within_s,
        "polls": [{name: value for name, value in each.items() if value is not None} for each in polls],
    }


def _row(each: Demand) -> tuple[str, ...]:
    read = " and ".join(_count(size, what) for size, what in ((each.registers, "register"), (each.bits, "bit")) if size)
    return (
        each.device,
        format_duration(each.every_s),
        str(len(each.points)),
        str(each.requests),
        read,
        f"{each.sent} + {each.received}",
        span(each.bus_s or 0.0),
        percent(each.share),
    )


def _sum(link: ModbusLink, load: Load) -> list[str]:
    if load.share is not None:
        line = f"{percent(load.share)} of the time of {link.peer}, if a device begins to answer within {span(ANSWER_S)}"
        return [line, *burden(load.share)]
    rate = f"{load.requests_per_s:.3g} requests/s"
    if load.answer_within_s is None or load.answer_within_s <= 0:
        return [f"{rate}: more than pause_between leaves time for"]
    behind = "; what the line behind it takes is not known here" if link.is_line else ""
    return [
        f"{rate} to {link.peer}, which keeps up while an answer takes less than {span(load.answer_within_s)}{behind}"
    ]


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
