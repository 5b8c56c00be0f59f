"""A device to begin with, as the configuration has it, by the frames that were heard. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.serial.patterns import compiled

Device = Mapping[str, Any]

POSITION = {"lat": {"from": "{}.lat", "type": "float"}, "lon": {"from": "{}.lon", "type": "float"}}
"""Of the sentences that have one: what people most often want."""
POSITIONS = ("GGA", "RMC", "GLL")
MAX_NUMBERS = 20
"""In a line: more are a table, for which `decode: columns` is shorter."""

_NUMBER = re.compile(r"(?P<sign>[-+]?)(?P<blanks> *)\d+(?P<decimals>\.\d+)?")
_PRINTABLE = re.compile(rb"[\x20-\x7e]+")
_SPECIAL = re.compile(r"([\\.^$|?*+()\[\]{}])")


def sketch(frames: Sequence[bytes], decode: str | None, start_bytes: int) -> Device:
    """Its `match`, `decode` and `points`; `start_bytes`: of the mark that each frame begins with."""
    if decode == "nmea":
        return _sentences(frames)
    bodies = [_text_in(frame) for frame in frames]
    if all(bodies):
        return _lines([body.decode("ascii") for body in bodies])
    return {"points": {"byte": {"at": start_bytes, "type": "uint8"}}}


def _sentences(frames: Sequence[bytes]) -> Device:
    seen = [frame[3:6].decode("ascii", "replace") for frame in frames]
    with_position = next((each for each in POSITIONS if each in seen), None)
    if with_position is None:
        return {"decode": "nmea", "points": {"value": {"from": f"{seen[0]}.1", "type": "string"}}}
    points = {name: {**point, "from": point["from"].format(with_position)} for name, point in POSITION.items()}
    return {"decode": "nmea", "points": points}


def _lines(lines: Sequence[str]) -> Device:
    """Each number of the first is a point, if all others are like it in everything else."""
    pattern, points = _pattern(lines[0])
    search = compiled(pattern).search
    like_it = [line for line in lines if search(line.encode("ascii"))]
    if not points or 2 * len(like_it) < len(lines):
        return {"match": "^(?P<text>.*)$", "points": {"text": {"type": "string"}}}
    return {"match": pattern, "points": points}


def _pattern(line: str) -> tuple[str, dict[str, Any]]:
    text, points, at = "^", dict[str, Any](), 0
    for number in list(_NUMBER.finditer(line))[:MAX_NUMBERS]:
        name = f"value{len(points) + 1}"
        points[name] = {"type": "float"}
        blanks = " *" if number["blanks"] else ""
        decimals = r"\.\d+" if number["decimals"] else ""
        text += f"{_literal(line[at : number.start()])}{blanks}(?P<{name}>[-+]?{blanks}\\d+{decimals})"
        at = number.end()
    return f"{text}{_literal(line[at:])}$", points


def _literal(text: str) -> str:
    """Blanks may be fewer or more: fields are filled up with them."""
    return re.sub(" +", " *", _SPECIAL.sub(r"\\\1", text))


def _text_in(frame: bytes) -> bytes:
    """Between control characters, if all of it is text."""
    found = _PRINTABLE.findall(frame)
    return bytes(found[0]) if len(found) == 1 and len(found[0]) >= len(frame) - 4 else b""
