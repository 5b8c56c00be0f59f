"""The plan of a line's polls and what it costs, for people and as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.outlook.load import ANSWER_S, ASSUMED_BYTES, Demand, demands
from adapters.serial.sense.said import of_said
from gateway.line.figures import burden, percent, span, table
from gateway.units import format_duration

COLUMNS = ("device", "message", "every", "points", "bytes out + in", "line time", "load")
NUMBERS = frozenset({"points", "bytes out + in", "line time", "load"})
"""They stand at the right."""
NAMELESS = "-"
"""The message of a device that has a single one."""


def lines(link: SerialLink, devices: Mapping[str, SerialDevice]) -> list[str]:
    """A row for each message of each device, and what all that is asked for comes to."""
    found = _demands(link, devices)
    if not found:
        return []
    rows = [COLUMNS, *map(_row, found)]
    if not any(each.message for each in found):
        rows = [(row[0], *row[2:]) for row in rows]
    return [*table(rows, NUMBERS), *_sum(link, found)]


def facts(link: SerialLink, devices: Mapping[str, SerialDevice]) -> dict[str, Any]:
    """The same as data; times in seconds, shares as parts of 1."""
    found = _demands(link, devices)
    return {"share": sum(each.share for each in found), "messages": [each._asdict() for each in found]}


def _demands(link: SerialLink, devices: Mapping[str, SerialDevice]) -> list[Demand]:
    """None where some of it can't even be said."""
    return [] if any(True for _ in of_said(link, devices)) else demands(link, devices)


def _row(each: Demand) -> tuple[str, ...]:
    name = each.message or NAMELESS
    if not each.every_s:
        return each.device, name, "as it comes", str(each.points), "", "", ""
    size = f"{each.sent} + {'about ' if each.guessed else ''}{each.received}"
    period = format_duration(each.every_s)
    return each.device, name, period, str(each.points), size, span(each.line_s), percent(each.share)


def _sum(link: SerialLink, found: list[Demand]) -> list[str]:
    asked = [each for each in found if each.every_s]
    if not asked:
        return [f"nothing is asked on {link.port}: its devices send by themselves"]
    share = sum(each.share for each in asked)
    known = (
        "" if not any(each.guessed for each in asked) else f" and an answer without `example` has {ASSUMED_BYTES} bytes"
    )
    line = f"{percent(share)} of the time of {link.port}, if a device begins to answer within {span(ANSWER_S)}{known}"
    return [line, *burden(share)]
