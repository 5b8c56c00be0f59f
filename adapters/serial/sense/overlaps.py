"""Messages that could not be told apart. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

from adapters.serial.config import Nmea, Pairs, SerialDevice, SerialLink
from adapters.serial.config.message import Bytes, MessageParts
from adapters.serial.decode.make import decode_of
from adapters.serial.decode.nmea import sentence_of
from adapters.serial.patterns import Overlaps
from adapters.serial.sense.complaint import Complaint, called, within

MAX_PAIRS = 2000
"""Of messages that are compared: 60 on one line."""


class _Known(NamedTuple):
    """A message and what it is known by."""

    device: str
    message: str
    parts: MessageParts
    keys: frozenset[str]
    takes_all: bool

    @property
    def name(self) -> str:
        return called(self.device, self.message)

    def complaint(self, text: str) -> Complaint:
        """About its match."""
        return Complaint(text, within(self.message, "match"), self.device)


def of_overlaps(link: SerialLink, devices: Mapping[str, SerialDevice]) -> Iterator[Complaint]:
    """Of messages that come unasked, and of one address; what is asked for is known by its question."""
    lines: dict[object, list[_Known]] = {}
    for name, device in devices.items():
        whose = device.address if link.address is not None else None
        lines.setdefault(whose, []).extend(_known(name, device))
    patterns = Overlaps(link.encoding)
    for known in lines.values():
        for count, (one, other) in enumerate(combinations(known, 2)):
            if count >= MAX_PAIRS:
                break
            if one.parts.poll is None or other.parts.poll is None:
                yield from _of_two(one, other, patterns)


def _known(name: str, device: SerialDevice) -> Iterator[_Known]:
    for message, parts in device.parts():
        points = device.points_of(message)
        decode = decode_of(parts, points)
        names = [point.called(point_name) for point_name, point in points.items()]
        keys: frozenset[str] = frozenset()
        if isinstance(decode, Nmea):
            keys = frozenset(sentence_of(each)[0][-3:] for each in names)
        elif isinstance(decode, Pairs):
            keys = frozenset(names)
        takes_all = parts.match is None and not keys and decode.type in ("columns", "binary")
        yield _Known(name, message, parts, keys, takes_all)


def _of_two(one: _Known, other: _Known, patterns: Overlaps) -> Iterator[Complaint]:
    if one.takes_all:
        text = f"without match it takes every frame, also those of {other.name}: say what its own look like"
        yield one.complaint(f"{text}, or put it last")
    elif one.parts.match is None and other.parts.match is None:
        if shared := sorted(one.keys & other.keys):
            yield other.complaint(f"{one.name} has {shared[0]}, too: a frame could not be told whose it is")
    elif isinstance(one.parts.match, str) and isinstance(other.parts.match, str):
        text_of_both = patterns.of(_from_begin(one.parts.match), _from_begin(other.parts.match))
        if text_of_both is not None:
            yield other.complaint(_both(one, repr(text_of_both)))
    elif isinstance(one.parts.match, list) and isinstance(other.parts.match, list):
        frame = _frame_of_both([*one.parts.match, *other.parts.match])
        if frame is not None:
            yield other.complaint(_both(one, f"a frame like {frame.hex(' ').upper()}"))


def _both(one: _Known, what: str) -> str:
    return f"{what} would fit this match and that of {one.name}: let one of them say more, so that no frame fits both"


def _from_begin(pattern: str) -> str:
    """What is found anywhere could be found in one frame with anything; as a rule it is meant from the begin on."""
    return f"^(?:{pattern})"


def _frame_of_both(marks: Sequence[Bytes]) -> bytes | None:
    """A frame that has all of this; None if two of them contradict each other."""
    octets: dict[int, int] = {}
    for mark in marks:
        for at, octet in enumerate(mark.is_, mark.at):
            if octets.setdefault(at, octet) != octet:
                return None
    head = bytes(octets.get(at, 0) for at in range(max(octets, default=-1) + 1))
    return head + bytes(octets.get(at, 0) for at in range(min(0, *octets), 0))
