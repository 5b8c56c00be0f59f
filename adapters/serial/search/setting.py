"""How a line can be set: what a search tries one after the other. Pure."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Parity = Literal["none", "even", "odd", "mark", "space"]

LETTERS: dict[str, Parity] = {"N": "none", "E": "even", "O": "odd", "M": "mark", "S": "space"}

_FORMAT = re.compile(r"([5-8])([NEOMS])([12])")


class Setting(NamedTuple):
    """Of a line; `baudrate` None where the far end has set it, or none is needed."""

    baudrate: int | None
    data_bits: int = 8
    parity: Parity = "none"
    stop_bits: float = 1.0

    @property
    def format(self) -> str:
        """`8N1`."""
        return f"{self.data_bits}{self.parity[0].upper()}{self.stop_bits:g}"

    @property
    def name(self) -> str:
        """`9600 8N1`; `` where nothing is set here."""
        return "" if self.baudrate is None else f"{self.baudrate} {self.format}"

    def formatted(self, text: str) -> Setting:
        """The same with another format, as in `7E1`; raises ValueError."""
        if (match := _FORMAT.fullmatch(text)) is None:
            raise ValueError(f"{text!r} is no format: write data bits, parity and stop bits, like 8N1 or 7E1")
        return Setting(self.baudrate, int(match[1]), LETTERS[match[2]], float(match[3]))

    def written(self) -> dict[str, object]:
        """As the configuration has it, without what is so by default; nothing where the far end sets the line."""
        if self.baudrate is None:
            return {}
        usual = Setting(self.baudrate)
        given = {name: value for name, value in self._asdict().items() if value != getattr(usual, name)}
        return {"baudrate": self.baudrate, **given}
