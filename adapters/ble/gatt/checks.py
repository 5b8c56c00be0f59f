"""What can be told of a command before anything is sent. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from adapters.ble.config import Attribute, BleCommand, BleDevice, BlePoint, WriteMode
from adapters.ble.gatt.puts import Put, put_of
from gateway.adapter import Rejected
from gateway.model import Value
from gateway.template import Template, parse_hex
from gateway.values import Unwritable

MAX_VALUE = 512
"""Bytes of the longest value (Core Specification 6.0, Vol 3, Part F, 3.2.9)."""


class Writing(NamedTuple):
    """A point to write."""

    name: str
    point: BlePoint
    put: Put


class Bundle(NamedTuple):
    """Points that stand in one characteristic, and go out as one write."""

    attribute: Attribute
    writings: tuple[Writing, ...]

    @property
    def mode(self) -> WriteMode:
        """With or without response."""
        return self.writings[0].point.write

    @property
    def needs(self) -> bool:
        """Whether something stands there that stays."""
        return any(writing.put.needs for writing in self.writings)

    @property
    def values(self) -> dict[str, Value]:
        """What is written, by point, once it is rounded."""
        return {writing.name: writing.put.value for writing in self.writings}

    @property
    def to_read_back(self) -> tuple[Writing, ...]:
        """Those that ask for it."""
        return tuple(each for each in self.writings if each.point.read_back is not None)


class Invoking(NamedTuple):
    """A command to carry out, and the answer that it must have."""

    command: BleCommand
    data: bytes
    starts: bytes


def bundles(device: BleDevice, wanted: Mapping[str, Value]) -> list[Bundle]:
    """All that is to be written, neighbours in the order given in one write; raises Rejected."""
    row: list[Bundle] = []
    for name, value in wanted.items():
        point = point_of(device, name)
        put = put_of(name, point, value)
        attribute = point.attribute
        if attribute is None:
            raise Rejected("not-writable", f"{name} is not writable: it is heard in advertisements")
        writing = Writing(name, point, put)
        if row and row[-1].attribute == attribute and row[-1].mode == point.write:
            row[-1] = Bundle(attribute, (*row[-1].writings, writing))
        else:
            row.append(Bundle(attribute, (writing,)))
    return row


def readable(device: BleDevice, names: Sequence[str]) -> None:
    """Whether all of these can be read when somebody wants it; raises Rejected."""
    for name in names:
        if point_of(device, name).attribute is None:
            detail = f"{name} is heard in advertisements, when the device sends them: `monitor` shows it then"
            raise Rejected("not-supported", detail)


def point_of(device: BleDevice, name: str) -> BlePoint:
    """By its name; raises Rejected."""
    if name not in device.points:
        raise Rejected("unknown-point", f"there is no point {name!r}")
    return device.points[name]


def invoking(name: str, device: BleDevice, command: str, args: Mapping[str, Value]) -> Invoking:
    """Of a command, with all that it takes; raises Rejected."""
    known = (device.commands or {}).get(command)
    if not isinstance(known, BleCommand):
        raise Rejected("unknown-command", f"{name} has no command {command!r}")
    try:
        data = Template(known.send).render(args)
    except Unwritable as error:
        raise Rejected(error.reason, str(error)) from None
    if len(data) > MAX_VALUE:
        detail = f"{command}: {len(data)} bytes are more than the {MAX_VALUE} that a characteristic can have"
        raise Rejected("out-of-range", detail)
    return Invoking(known, data, parse_hex((known.answer.starts if known.answer else None) or ""))
