"""Points in a data block of IEC 62056-21, by their addresses. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from typing_extensions import override

from adapters.serial.config import SerialPoint
from adapters.serial.patterns import Encoding
from adapters.serial.simulator.forge.editor import TextEditor

LINE_END, END = b"\r\n", b"!"
"""Of each data line, and of the block (IEC 62056-21, 6.5)."""
FILLING = b"000000.000"
"""How meters show what they count."""


class MeterEditor(TextEditor):
    """A line for each address: `1.8.0(001234.567*kWh)`."""

    def __init__(self, points: Mapping[str, SerialPoint], encoding: Encoding) -> None:
        super().__init__(points, encoding)
        self._addresses = {name: point.called(name) for name, point in points.items()}
        self._where = {name: _where(address.encode(encoding)) for name, address in self._addresses.items()}

    @override
    def blank(self) -> bytes | None:
        lines = []
        for name, address in self._addresses.items():
            unit = self._points[name].unit
            value = FILLING + (b"*" + unit.encode(self._encoding) if unit else b"")
            lines.append(address.encode(self._encoding) + b"(" + value + b")")
        return LINE_END.join([*lines, END]) + LINE_END

    @override
    def span(self, content: bytes, name: str) -> tuple[int, int] | None:
        found = self._where[name].search(content)
        return None if found is None else found.span(1)


def _where(address: bytes) -> re.Pattern[bytes]:
    """Medium, channel and stored value may stand around an address or not (IEC 62056-61, 4)."""
    return re.compile(rb"(?:^|[\r\n)])(?:\d+-\d+:)?" + re.escape(address) + rb"(?:[*&]\d+)?\(([^*)]*)")
