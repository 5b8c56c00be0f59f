"""One kind of sentence. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from operator import xor

from typing_extensions import override

from adapters.serial.decode.match import MatchedShape, Plan
from adapters.serial.decode.nmea.fields import Fields, ReadField, field_reader, no_value
from adapters.serial.decode.nmea.sentences import ALWAYS, VOID, Place, formatter, place_of, sentence_of
from adapters.serial.framing.frame import Frame
from gateway.values import Reading, reading

FORMATTER_LETTERS = 3
TALKER_LETTERS = 2
STARTS = (b"$", b"!")

_CHECKED = re.compile(rb"\*([0-9A-Fa-f]{2})?\s*$")


class NmeaShape(MatchedShape):
    """A sentence of any talker, or of one; a checksum that nobody has looked at yet is looked at."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        calls = [sentence_of(called) for called in plan.calls]
        sentence = calls[0][0] if calls else ""
        self._begins = _begin_of(sentence)
        places = [place_of(sentence, field) for _, field in calls]
        self._reads = [field_reader(point, place) for point, place in zip(plan.points.values(), places, strict=True)]
        self._is_void = _void_of(sentence)
        self._void_reads = [_when_void(read, place) for read, place in zip(self._reads, places, strict=True)]

    @override
    def decode(self, frame: Frame) -> Reading | None:
        body = frame.body
        if body[:1] in STARTS:
            body = body[1:]
        if not self._begins(body):
            return None
        text = _checked(body)
        if text is None:
            return None
        fields = text.split(b",")
        reads = self._void_reads if self._is_void(fields) else self._reads
        return reading(self.group.points, reads, [fields] * len(reads))


def _begin_of(sentence: str) -> Callable[[bytes], bool]:
    """Whether a text, without $, is of this sentence."""
    begin = sentence.encode("latin-1") + b","
    if len(sentence) != FORMATTER_LETTERS:
        return lambda text: text.startswith(begin)
    return lambda text: text.startswith(begin, TALKER_LETTERS)


def _checked(text: bytes) -> bytes | None:
    """Without its checksum (NMEA 0183, 5.3.1); None if that is wrong."""
    match = _CHECKED.search(text)
    if match is None:
        return text.rstrip()
    text = text[: match.start()]
    return text if match[1] is None or int(match[1], 16) == reduce(xor, text, 0) else None


def _void_of(sentence: str) -> Callable[[Fields], bool]:
    """Whether a sentence says that it measures nothing."""
    field, void = VOID.get(formatter(sentence), ("", b""))
    if not field:
        return lambda _: False
    number = place_of(sentence, field).number
    return lambda fields: number < len(fields) and fields[number] == void


def _when_void(read: ReadField, place: Place) -> ReadField:
    always = not place.name or place.name in ALWAYS or place.name.startswith("sv")
    return read if always else no_value
