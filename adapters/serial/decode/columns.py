"""Text in columns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from typing_extensions import override

from adapters.serial.config import Columns
from adapters.serial.decode.match import MatchedShape, Plan
from adapters.serial.decode.texts import text_reader
from adapters.serial.framing.frame import Frame
from gateway.values import Reading, reading

Split = Callable[[bytes], Sequence[bytes]]

QUOTE = b'"'


class ColumnsShape(MatchedShape):
    """Each point is a column; without a match, what has fewer columns than it needs is no such frame."""

    def __init__(self, plan: Plan, columns: Columns) -> None:
        super().__init__(plan)
        self._split = splitter(columns.delimiter)
        self._places = [place_of(called, columns) for called in plan.calls]
        self._needed = max(self._places, default=-1) + 1
        self._reads = [text_reader(point, plan.encoding) for point in plan.points.values()]

    @override
    def decode(self, frame: Frame) -> Reading | None:
        columns = self._split(frame.body)
        if len(columns) >= self._needed:
            return reading(self.group.points, self._reads, [columns[place] for place in self._places])
        if self._fits is None:
            return None
        known = [columns[place] if place < len(columns) else None for place in self._places]
        return reading(self.group.points, self._reads, known)


def place_of(called: str, columns: Columns) -> int:
    """Which column, from 0, has this name or number; raises KeyError if there is none."""
    if columns.names is not None and called in columns.names:
        return columns.names.index(called)
    if called.isascii() and called.isdigit() and int(called) > 0:
        return int(called) - 1
    raise KeyError(called)


def splitter(delimiter: bytes) -> Split:
    """Cuts at a delimiter, but not within quotes; where it is a blank, at any number of them."""
    if delimiter == b" ":
        return lambda text: _quoted(b" ".join(text.split()), b" ") if QUOTE in text else text.split()
    return lambda text: _quoted(text, delimiter) if QUOTE in text else text.split(delimiter)


def _quoted(text: bytes, delimiter: bytes) -> list[bytes]:
    """Columns that may be in quotes; these are taken off."""
    return [_unquoted(column) for column in _columns(text, delimiter)]


def _columns(text: bytes, delimiter: bytes) -> Iterator[bytes]:
    column: list[bytes] = []
    quotes = 0
    for piece in text.split(delimiter):
        column.append(piece)
        quotes += piece.count(QUOTE)
        if quotes % 2 == 0:
            yield delimiter.join(column)
            column, quotes = [], 0
    yield from column  # quotes that nobody has closed are none


def _unquoted(column: bytes) -> bytes:
    stripped = column.strip()
    whole = len(stripped) > 1 and stripped.startswith(QUOTE) and stripped.endswith(QUOTE)
    return stripped[1:-1].replace(QUOTE * 2, QUOTE) if whole else column
