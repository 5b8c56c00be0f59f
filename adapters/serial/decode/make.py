"""From what is configured to the shapes of a device's messages. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.serial.config import (
    Columns,
    Decode,
    Iec62056,
    Nmea,
    Pairs,
    Pattern,
    SerialDevice,
    SerialLink,
    SerialPoint,
    Table,
)
from adapters.serial.config.message import MessageParts
from adapters.serial.decode.binary import BinaryShape
from adapters.serial.decode.columns import ColumnsShape
from adapters.serial.decode.match import Match, Plan
from adapters.serial.decode.meter import MeterShape
from adapters.serial.decode.nmea import NmeaShape
from adapters.serial.decode.pairs import PairsShape
from adapters.serial.decode.pattern import PatternShape
from adapters.serial.decode.shape import Shape
from gateway.model import PointGroup


def shapes_of(name: str, device: SerialDevice, link: SerialLink) -> list[Shape]:
    """A shape for each frame that its messages come in, in the order of the file; the groups of those with points."""
    return [
        _shape(message, parts, device.group(name, parts, points), points, link)
        for message, parts in device.parts()
        for points in device.bundles(message, parts)
    ]


def decode_of(parts: MessageParts, points: Mapping[str, SerialPoint]) -> Decode:
    """How a message is decoded, also where that is not said."""
    if parts.decode is not None:
        return parts.decode
    binary = any(point.is_binary for point in points.values()) or isinstance(parts.match, list)
    return Table(type="binary") if binary else Pattern()


def _shape(
    message: str, parts: MessageParts, group: PointGroup, points: Mapping[str, SerialPoint], link: SerialLink
) -> Shape:
    plan = Plan(message, group, Match(parts, link.encoding), points, link.encoding)
    decode = decode_of(parts, points)
    if isinstance(decode, Columns):
        return ColumnsShape(plan, decode)
    if isinstance(decode, Pairs):
        return PairsShape(plan, decode)
    if isinstance(decode, Table):
        return BinaryShape(plan)
    if isinstance(decode, Nmea):
        return NmeaShape(plan)
    if isinstance(decode, Iec62056):
        return MeterShape(plan)
    return PatternShape(plan)
