"""Points in sentences of NMEA 0183. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from typing_extensions import override

from adapters.serial.checksums.sums import xor8
from adapters.serial.config import SerialPoint
from adapters.serial.decode.nmea.sentences import FIELDS, VOID, Place, formatter, place_of, sentence_of
from adapters.serial.patterns import Encoding
from adapters.serial.simulator.forge.editor import Edit, Editor
from adapters.serial.simulator.forge.texts import HALF_STEP, texts
from gateway.model import Value
from gateway.values import Unwritable
from gateway.values.quantity import exact

TALKER = "GP"
"""Of a sentence that anybody may say."""
USUAL: Mapping[str, str] = {
    "time": "120000.00", "date": "010126", "status": "A", "posMode": "A", "mode": "A", "opMode": "A", "navMode": "3",
    "quality": "1", "reference": "R", "NS": "N", "EW": "E", "mvEW": "E", "devEW": "E", "varEW": "E", "altUnit": "M",
    "sepUnit": "M", "feetUnit": "f", "metresUnit": "M", "fathomsUnit": "F", "headingUnit": "T", "cogtUnit": "T",
    "cogmUnit": "M", "sognUnit": "N", "sogkUnit": "K", "knotsUnit": "N", "kmhUnit": "K", "tempUnit": "C",
    "speedUnit": "M", "day": "01", "month": "01", "year": "2026", "lat": "0000.0000", "lon": "00000.0000",
}  # fmt: skip
"""What stands in fields of a receiver that is well; all others are empty."""
MINUTE_DECIMALS = 7
"""Where no example has fewer: a hundredth of a millimetre on the ground."""
DEGREE_DIGITS = {"lat": 2, "lon": 3}

_CHECKED = re.compile(rb"\*[0-9A-Fa-f]{2}\s*$")


class SentenceEditor(Editor):
    """All points of one sentence."""

    def __init__(self, points: Mapping[str, SerialPoint], encoding: Encoding) -> None:
        self._points = points
        self._encoding = encoding
        calls = {name: sentence_of(point.called(name)) for name, point in points.items()}
        self._sentence = next(iter(calls.values()), ("", ""))[0]
        self._places = {name: place_of(self._sentence, field) for name, (_, field) in calls.items()}

    @override
    def blank(self) -> bytes | None:
        named = FIELDS.get(formatter(self._sentence), "").split()
        fields = [USUAL.get(field, "") for field in named]
        void, text = VOID.get(formatter(self._sentence), ("", b""))
        assert not void or fields[named.index(void)].encode() != text, "a receiver that is well measures something"
        fields += [""] * (max((place.number for place in self._places.values()), default=0) - len(fields))
        begin = self._sentence if len(self._sentence) > len(formatter(self._sentence)) else TALKER + self._sentence
        return ",".join([f"${begin}", *fields]).encode(self._encoding)

    @override
    def edits(self, content: bytes, name: str, value: Value, *, alike: bool) -> Iterator[Edit]:
        fields = content.split(b"*")[0].split(b",")
        point, place = self._points[name], self._places[name]
        if place.number >= len(fields):
            return
        for texts_, tolerance in self._texts(point, place, value, fields[place.number] if alike else b""):
            edited = [*fields]
            edited[place.number : place.number + len(texts_)] = [text.encode(self._encoding) for text in texts_]
            yield Edit(_checked(b",".join(edited), content), tolerance)

    def _texts(
        self, point: SerialPoint, place: Place, value: Value, like: bytes
    ) -> Iterator[tuple[Sequence[str], float]]:
        """What may stand in the field, and in the next one where that is its sign."""
        if place.kind in {"position", "signed"} and point.type == "float":
            yield _signed(point, place, value, like)
        elif place.kind in {"time", "date"} and point.type == "string":
            yield [_plain(place, value)], 0.0
        else:
            yield from (([text], tolerance) for text, tolerance in texts(point, value, like.decode(self._encoding)))


def _signed(point: SerialPoint, place: Place, value: Value, like: bytes) -> tuple[Sequence[str], float]:
    if isinstance(value, bool | str):
        raise Unwritable("malformed", f"{value!r} is not a number")
    number = (exact(value) - exact(point.offset)) / exact(point.scale)
    signs = "NS" if place.name == "lat" else "EW"
    decimals = len(like.partition(b".")[2]) or MINUTE_DECIMALS
    step = Fraction(1, 10**decimals)
    if place.kind == "signed":
        return [_decimal(abs(number), decimals, 1), signs[number < 0]], float(step) * abs(point.scale) * HALF_STEP
    degrees, minutes = divmod(round(abs(number) * 60 / step), 60 * 10**decimals)
    text = f"{degrees:0{DEGREE_DIGITS[place.name]}}{_decimal(minutes * step, decimals, 2)}"
    return [text, signs[number < 0]], float(step) / 60 * abs(point.scale)


def _decimal(number: Fraction, decimals: int, width: int) -> str:
    """So many digits before the point at least."""
    whole, rest = divmod(round(number * 10**decimals), 10**decimals)
    return f"{whole:0{width}}.{rest:0{decimals}}"


def _plain(place: Place, value: Value) -> str:
    """From ISO 8601 to what stands in sentences."""
    text = str(value)
    if place.kind == "time":
        return text.replace(":", "")
    year, _, rest = text.partition("-")
    month, _, day = rest.partition("-")
    return f"{day}{month}{year[-2:]}"


def _checked(sentence: bytes, before: bytes) -> bytes:
    """With a checksum if there was one before."""
    return b"%s*%02X" % (sentence, xor8(sentence[1:])) if _CHECKED.search(before) else sentence
