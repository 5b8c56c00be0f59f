"""What a device's messages say at first. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.serial.config import (
    Columns,
    Iec62056,
    Nmea,
    Pairs,
    SerialDevice,
    SerialLink,
    SerialPoint,
    Table,
)
from adapters.serial.config.message import MessageParts
from adapters.serial.decode import decode_of, shapes_of
from adapters.serial.patterns import sample
from adapters.serial.simulator.forge.addressing import Addressing
from adapters.serial.simulator.forge.binary import BinaryEditor, marked, needed
from adapters.serial.simulator.forge.columns import ColumnsEditor, PairsEditor
from adapters.serial.simulator.forge.draft import Draft
from adapters.serial.simulator.forge.editor import Editor
from adapters.serial.simulator.forge.meters import MeterEditor
from adapters.serial.simulator.forge.packing import Packing
from adapters.serial.simulator.forge.pattern import PatternEditor
from adapters.serial.simulator.forge.sentences import SentenceEditor
from adapters.serial.simulator.forge.texts import octets


def drafts_of(name: str, device: SerialDevice, link: SerialLink, packing: Packing) -> dict[str, list[Draft]]:
    """A draft for each frame, by message; raises Rejected where one can't be made up."""
    shapes = iter(shapes_of(name, device, link))
    addressing = Addressing(link.address, device.address, link.encoding)
    return {
        message: [
            Draft(next(shapes), _editor(parts, points, link, packing), packing, addressing, parts.example)
            for points in device.bundles(message, parts)
        ]
        for message, parts in device.parts()
    }


def _editor(parts: MessageParts, points: Mapping[str, SerialPoint], link: SerialLink, packing: Packing) -> Editor:
    decode, encoding = decode_of(parts, points), link.encoding
    begin = octets(sample(parts.match, {}, encoding) or "", encoding) if isinstance(parts.match, str) else b""
    if isinstance(decode, Columns):
        return ColumnsEditor(points, encoding, decode, begin)
    if isinstance(decode, Pairs):
        return PairsEditor(points, encoding, decode, begin)
    if isinstance(decode, Nmea):
        return SentenceEditor(points, encoding)
    if isinstance(decode, Iec62056):
        return MeterEditor(points, encoding)
    if isinstance(decode, Table):
        return BinaryEditor(points, _frame(parts, points, begin, packing))
    return PatternEditor(points, encoding, parts.match if isinstance(parts.match, str) else "")


def _frame(parts: MessageParts, points: Mapping[str, SerialPoint], begin: bytes, packing: Packing) -> bytes:
    """A binary frame with room for all its points, and nothing in it but what it is known by."""
    marks = parts.match if isinstance(parts.match, list) else []
    return marked(packing.around(begin, needed(points, marks)), marks)
