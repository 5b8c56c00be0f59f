"""Points in the groups of a pattern. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import override

from adapters.serial.config import SerialPoint
from adapters.serial.patterns import Encoding, compiled, sample
from adapters.serial.simulator.forge.editor import TextEditor
from adapters.serial.simulator.forge.texts import octets


class PatternEditor(TextEditor):
    """Each in a group of `match`."""

    def __init__(self, points: Mapping[str, SerialPoint], encoding: Encoding, match: str) -> None:
        super().__init__(points, encoding)
        self._match = match
        self._pattern = compiled(match, encoding)
        self._groups = {name: self._pattern.names[point.called(name)] for name, point in points.items()}

    @override
    def blank(self) -> bytes | None:
        text = sample(self._match, {}, self._encoding)
        return None if text is None else octets(text, self._encoding)

    @override
    def span(self, content: bytes, name: str) -> tuple[int, int] | None:
        found = self._pattern.search(content)
        if found is None:
            return None
        start, end = found.span(self._groups[name])
        return None if start < 0 else (start, end)
