"""Points in a data block of IEC 62056-21, by their addresses. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from typing_extensions import override

from adapters.serial.config import SerialPoint
from adapters.serial.decode.obis import numbered
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
        self._wanted = {name: numbered(point.called(name)) for name, point in points.items()}
        self._where = {name: _where(each.encode(encoding), number) for name, (each, number) in self._wanted.items()}

    @override
    def blank(self) -> bytes | None:
        values: dict[str, list[bytes]] = {}
        for name, (address, number) in self._wanted.items():
            unit = self._points[name].unit
            several = values.setdefault(address, [])
            several += [FILLING] * (number + 1 - len(several))
            several[number] = FILLING + (b"*" + unit.encode(self._encoding) if unit else b"")
        lines = [
            address.encode(self._encoding) + b"".join(b"(%s)" % each for each in several)
            for address, several in values.items()
        ]
        return LINE_END.join([*lines, END]) + LINE_END

    @override
    def span(self, content: bytes, name: str) -> tuple[int, int] | None:
        found = self._where[name].search(content)
        return None if found is None else found.span(1)


def _where(address: bytes, number: int) -> re.Pattern[bytes]:
    """Medium, channel and stored value may stand around an address or not (IEC 62056-61, 4)."""
    before = rb"(?:^|[\r\n)])(?:\d+-\d+:)?" + re.escape(address) + rb"(?:[*&]\d+)?"
    return re.compile(before + rb"(?:\([^()]*\)){%d}\(([^()*]*)" % number)
