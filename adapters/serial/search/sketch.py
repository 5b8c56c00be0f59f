"""A device to begin with, as the configuration has it, by the frames that were heard. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.serial.patterns import compiled

Device = Mapping[str, Any]

POSITION = {"lat": {"from": "{}.lat", "type": "float"}, "lon": {"from": "{}.lon", "type": "float"}}
"""Of the sentences that have one: what people most often want."""
POSITIONS = ("GGA", "RMC", "GLL")
MAX_PARTS = 40
"""Numbers and words in a line: more are a table, for which `decode: columns` is shorter."""
LEAST_LIKE, LEAST_LIKE_IN_WORDS = 0.8, 0.5
"""The share of lines that must be like a pattern."""

_Sketched = tuple[str, dict[str, Any]]
"""A pattern, and its groups as points."""

_WORD = re.compile(r"[A-Za-z]+")
_PART = re.compile(r"(?P<word>[A-Za-z]+)|[-+]?(?P<blanks> *)\d+(?P<decimals>\.\d+)?")
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
    """Numbers are points, then also words that are not the same in all; as in the line that most others are like."""
    numbers = _best(lines, lambda line: _pattern(line, frozenset()))
    words = _best(lines, lambda line: _pattern(line, _changing(line, lines)))
    for (pattern, points), least in ((numbers, LEAST_LIKE), (words, LEAST_LIKE_IN_WORDS)):
        if points and _like(pattern, lines) >= least * len(lines):
            return {"match": pattern, "points": points}
    return {"match": "^(?P<text>.*)$", "points": {"text": {"type": "string"}}}


def _best(lines: Sequence[str], kind: Callable[[str], _Sketched]) -> _Sketched:
    return max(map(kind, dict.fromkeys(lines)), key=lambda made: _like(made[0], lines))


def _like(pattern: str, lines: Sequence[str]) -> int:
    search = compiled(pattern).search
    return sum(search(line.encode("ascii")) is not None for line in lines)


def _changing(line: str, lines: Sequence[str]) -> frozenset[int]:
    """Which of its words, by their number, are others in some lines that have as many."""
    words = _WORD.findall(line)
    alike = [found for other in lines if len(found := _WORD.findall(other)) == len(words)]
    return frozenset(number for number in range(len(words)) if len({found[number] for found in alike}) > 1)


def _pattern(line: str, changing: frozenset[int]) -> _Sketched:
    text, points, at, words = "^", dict[str, Any](), 0, 0
    for found in list(_PART.finditer(line))[:MAX_PARTS]:
        if found["word"]:
            words += 1
            if words - 1 not in changing:
                continue
            name, kind, pattern, blanks = f"word{len(points) + 1}", "string", "[A-Za-z]+", ""
        else:
            blanks = " *" if found["blanks"] else ""
            decimals = r"\.\d+" if found["decimals"] else ""
            name, kind, pattern = f"value{len(points) + 1}", "float", f"[-+]?{blanks}\\d+{decimals}"
        points[name] = {"type": kind}
        text += f"{_literal(line[at : found.start()])}{blanks}(?P<{name}>{pattern})"
        at = found.end()
    return f"{text}{_literal(line[at:])}$", points


def _literal(text: str) -> str:
    """Blanks may be fewer or more: fields are filled up with them."""
    return re.sub(" +", " *", _SPECIAL.sub(r"\\\1", text))


def _text_in(frame: bytes) -> bytes:
    """Between control characters, if all of it is text."""
    found = _PRINTABLE.findall(frame)
    return bytes(found[0]) if len(found) == 1 and len(found[0]) >= len(frame) - 4 else b""
