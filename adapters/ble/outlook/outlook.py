"""What a radio has to do for its devices, for people and as data. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.outlook.load import COMMANDS, CONNECT_S, Demand, demands
from gateway.line.figures import burden, percent, span, table
from gateway.units import format_duration

COLUMNS = ("device", "comes by", "every", "points", "connected")
NOTHING = "nothing is connected to: its devices are only heard"
NUMBERS = frozenset({"points", "connected"})
"""They stand at the right."""


def lines(link: BleLink, devices: Mapping[str, BleDevice]) -> list[str]:
    """A row for each way in which each device's points come, and what connections come to."""
    found = demands(link, devices)
    if not found:
        return []
    return [*table([COLUMNS, *map(_row, found)], NUMBERS), *_sum(link, found)]


def facts(link: BleLink, devices: Mapping[str, BleDevice]) -> dict[str, Any]:
    """The same as data; times in seconds, shares as parts of 1."""
    found = demands(link, devices)
    return {"share": _share(link, found), "devices": [each._asdict() for each in found]}


def _share(link: BleLink, found: list[Demand]) -> float:
    return sum(each.connected for each in found) / link.connections


def _row(each: Demand) -> tuple[str, ...]:
    connected = "always" if each.connected >= 1 else percent(each.connected) if each.is_connected else ""
    if each.how == COMMANDS:
        return each.device, each.how, "when asked", "", connected
    every = format_duration(each.every_s) if each.every_s else "as it comes"
    return each.device, each.how, every, str(each.points) if each.points else "learned", connected


def _sum(link: BleLink, found: list[Demand]) -> list[str]:
    if not any(each.is_connected for each in found):
        asked = any(each.how == COMMANDS for each in found)
        return ["only for commands is anything connected to" if asked else NOTHING]
    share = _share(link, found)
    most = "1 connection" if link.connections == 1 else f"{link.connections} connections at a time"
    return [f"{percent(share)} of {most}, if to connect takes {span(CONNECT_S)}", *burden(share)]
