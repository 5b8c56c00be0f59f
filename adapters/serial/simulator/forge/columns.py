"""Points in columns, and by keys. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from typing_extensions import override

from adapters.serial.config import Columns, Pairs, SerialPoint
from adapters.serial.patterns import Encoding
from adapters.serial.simulator.forge.editor import TextEditor

BLANK = b" "
FILLING = b"0"
"""What stands where there is no point."""


class ColumnsEditor(TextEditor):
    """Between delimiters; `begin`: what such a message begins with."""

    def __init__(self, points: Mapping[str, SerialPoint], encoding: Encoding, decode: Columns, begin: bytes) -> None:
        super().__init__(points, encoding)
        self._delimiter = decode.delimiter
        self._begin = begin
        self._places = {name: _place_of(point.called(name), decode) for name, point in points.items()}

    @override
    def blank(self) -> bytes | None:
        columns = self._begin.split(self._delimiter)
        missing = max(self._places.values(), default=0) + 1 - len(columns)
        return self._delimiter.join([each or FILLING for each in columns] + [FILLING] * missing)

    @override
    def span(self, content: bytes, name: str) -> tuple[int, int] | None:
        spans = [*_spans(content, self._delimiter)]
        place = self._places[name]
        return spans[place] if place < len(spans) else None


class PairsEditor(TextEditor):
    """By keys; `begin`: what such a message begins with."""

    def __init__(self, points: Mapping[str, SerialPoint], encoding: Encoding, decode: Pairs, begin: bytes) -> None:
        super().__init__(points, encoding)
        self._separator, self._equals = decode.separator, decode.equals
        self._begin = begin
        self._keys = {name: point.called(name).encode(encoding) for name, point in points.items()}

    @override
    def blank(self) -> bytes | None:
        content = self._begin
        for name, key in self._keys.items():
            if self.span(content, name) is None:
                content += (self._separator if content else b"") + key + self._equals + FILLING
        return content

    @override
    def span(self, content: bytes, name: str) -> tuple[int, int] | None:
        for start, end in _spans(content, self._separator):
            key, equals, value = content[start:end].partition(self._equals)
            if equals and key.strip() == self._keys[name]:
                return end - len(value), end
        return None


def _spans(content: bytes, delimiter: bytes) -> Iterator[tuple[int, int]]:
    """What stands between delimiters; where that is a blank, between any number of them."""
    if delimiter == BLANK:
        yield from (match.span() for match in re.finditer(rb"\S+", content))
        return
    start = 0
    for part in content.split(delimiter):
        yield start, start + len(part)
        start += len(part) + len(delimiter)


def _place_of(called: str, decode: Columns) -> int:
    """Which column it is, from 0."""
    if decode.names is not None and called in decode.names:
        return decode.names.index(called)
    return int(called) - 1
