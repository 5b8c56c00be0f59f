"""The plan of a link's polls and what it costs, for people and as data. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.outlook.load import ANSWER_S, Demand, Load, load_of
from gateway.units import format_duration

BUSY = 0.8
"""Of a line's time: above it too little is left for commands, retries and devices that do not answer."""

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
    return [*_table(rows), *_sum(link, load)]


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


def span(seconds: float) -> str:
    """A measured time, for people."""
    milliseconds = round(seconds * 1000, 0 if seconds >= 0.01 else 1)
    return f"{milliseconds:g} ms" if milliseconds < 1000 else f"{seconds:.1f} s"


def percent(share: float) -> str:
    """A share, for people."""
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


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


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_cells(row, widths)).rstrip() for row in rows]


def _cells(row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    for name, text, width in zip(COLUMNS, row, widths, strict=False):
        yield text.rjust(width) if name in NUMBERS else text.ljust(width)


def _sum(link: ModbusLink, load: Load) -> list[str]:
    if load.share is not None:
        line = f"{percent(load.share)} of the time of {link.peer}, if a device begins to answer within {span(ANSWER_S)}"
        return [line, *_note(load.share)]
    rate = f"{load.requests_per_s:.3g} requests/s"
    if load.answer_within_s is None or load.answer_within_s <= 0:
        return [f"{rate}: more than pause_between leaves time for"]
    behind = "; what the line behind it takes is not known here" if link.is_line else ""
    return [
        f"{rate} to {link.peer}, which keeps up while an answer takes less than {span(load.answer_within_s)}{behind}"
    ]


def _note(share: float) -> list[str]:
    if share > 1:
        return ["that is more than there is: polls will be skipped"]
    if share > BUSY:
        return ["little is left for commands, retries and devices that do not answer"]
    return []


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
