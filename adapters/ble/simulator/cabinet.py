"""What stands in the characteristics of one device, and what becomes of what is written there. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from adapters.ble import sig
from adapters.ble.config import Attribute, BleCommand, BleDevice, BlePoint, full_uuid
from adapters.ble.simulator.cell import Cell
from adapters.ble.simulator.meaning import as_kind
from gateway.model import Value
from gateway.template import Template, parse_hex
from gateway.values import Unwritable

ITS_SERVICE: Mapping[str, str] = {"battery_level": "battery_service"}
"""Of standard characteristics, where the configuration does not say; all others are in one service."""
OTHERS = full_uuid(0xFFF0)
"""A service that nobody has given a meaning to."""
DONE = b"\x01"
"""What a device says to a command of which nobody has said what it answers."""


class Refused(Exception):
    """What was written makes no sense there."""


class Told(NamedTuple):
    """What a device says by itself."""

    attribute: Attribute
    data: bytes


class Order(NamedTuple):
    """A named command, and how what was written is recognised as such."""

    command: BleCommand
    template: Template


class Cabinet:
    """By attribute, each with its service."""

    def __init__(self, device: BleDevice) -> None:
        self._points = {name: point for name, point in device.points.items() if point.attribute is not None}
        self._places = {name: placed(point.attribute) for name, point in self._points.items() if point.attribute}
        self._orders = [*_orders(device)]
        self.cells = {attribute: Cell(self._in(attribute)) for attribute in self._attributes()}

    def get(self, point: str) -> Value | None:
        """What a gateway would read; None where that is no good value."""
        return self.cells[self._places[point]].get(point)

    def put(self, point: str, value: Value) -> Told | None:
        """Let a point be worth this, which may have to be told; raises Unwritable if it can't be."""
        place = self._places[point]
        self.cells[place].put(point, value)
        return Told(place, self.cells[place].data) if self.tells(place) else None

    def points(self) -> Mapping[str, BlePoint]:
        """Those that stand here."""
        return self._points

    def tells(self, attribute: Attribute) -> bool:
        """Whether points there are told when they change."""
        return any(point.notify for point in self.cells[attribute].points.values())

    def flags(self, attribute: Attribute) -> list[str]:
        """What may be done with it, by BlueZ's names."""
        cell, orders = self.cells[attribute], self._orders_at(attribute)
        answers = [order.command.answer for order in self._answering(attribute)]
        writes = [point.write for point in cell.points.values() if point.writable is not False]
        writes += [order.command.write for order in orders]
        may = {
            "read": bool(cell.points) or any(answer is not None and answer.by == "read" for answer in answers),
            "notify": self.tells(attribute) or any(answer is not None and answer.by != "read" for answer in answers),
            "write": any(how != "without-response" for how in writes),
            "write-without-response": "without-response" in writes,
        }
        return [flag for flag, is_so in may.items() if is_so]

    def write(self, attribute: Attribute, data: bytes) -> list[Told]:
        """Take what a gateway writes, and what must be told of it; raises Refused."""
        for order in self._orders_at(attribute):
            if (args := order.template.recognise(data)) is not None:
                return [*self._obeyed(args), *self._answered(order.command)]
        cell = self.cells[attribute]
        if not any(point.writable is not False for point in cell.points.values()) or not cell.takes(data):
            raise Refused
        cell.data = data
        return [Told(attribute, data)] if self.tells(attribute) else []

    def _obeyed(self, args: Mapping[str, Value]) -> Iterator[Told]:
        """Arguments set the points of their names; what these can't hold changes nothing."""
        for name, value in args.items():
            if name in self._points:
                with suppress(Unwritable):
                    told = self.put(name, as_kind(self._points[name], value))
                    if told is not None:
                        yield told

    def _answered(self, command: BleCommand) -> Iterator[Told]:
        place = command.answers_at
        if command.answer is None or place is None:
            return
        cell = self.cells[placed(place)]
        starts = parse_hex(command.answer.starts or "") or (b"" if cell.points else DONE)
        said = starts + cell.data[len(starts) :]
        if command.answer.by == "read":
            cell.data = said
        else:
            yield Told(placed(place), said)

    def _attributes(self) -> list[Attribute]:
        at = [*self._places.values()]
        for command in (order.command for order in self._orders):
            at += [placed(each) for each in (command.attribute, command.answers_at) if each is not None]
        return [*dict.fromkeys(at)]

    def _in(self, attribute: Attribute) -> dict[str, BlePoint]:
        return {name: point for name, point in self._points.items() if self._places[name] == attribute}

    def _orders_at(self, attribute: Attribute) -> list[Order]:
        return [order for order in self._orders if placed(order.command.attribute) == attribute]

    def _answering(self, attribute: Attribute) -> list[Order]:
        at = ((order, order.command.answers_at) for order in self._orders)
        return [order for order, place in at if place is not None and placed(place) == attribute]


def placed(attribute: Attribute) -> Attribute:
    """With the service that it is in."""
    if attribute.service is not None:
        return attribute
    named = ITS_SERVICE.get(sig.by_uuid(attribute.characteristic) or "")
    return attribute._replace(service=OTHERS if named is None else full_uuid(sig.SERVICES[named]))


def _orders(device: BleDevice) -> Iterator[Order]:
    for command in (device.commands or {}).values():
        if isinstance(command, BleCommand):
            yield Order(command, Template(command.send))
