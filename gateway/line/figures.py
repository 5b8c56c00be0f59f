"""What polls cost a line, as people read it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

BUSY = 0.8
"""Of a line's time: above it too little is left for commands, retries and devices that do not answer."""


def span(seconds: float) -> str:
    """A measured time, for people."""
    milliseconds = round(seconds * 1000, 0 if seconds >= 0.01 else 1)
    return f"{milliseconds:g} ms" if milliseconds < 1000 else f"{seconds:.1f} s"


def percent(share: float) -> str:
    """A share, for people."""
    return f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def table(rows: Sequence[Sequence[str]], numbers: Collection[str]) -> list[str]:
    """In columns; the first row says what they are called, and those of `numbers` stand at the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    right = [name in numbers for name in rows[0]]
    return ["  ".join(map(_cell, row, widths, right)).rstrip() for row in rows]


def burden(share: float) -> list[str]:
    """What follows from such a share of the line's time, if that is bad."""
    if share > 1:
        return ["that is more than there is: polls will be skipped"]
    if share > BUSY:
        return ["little is left for commands, retries and devices that do not answer"]
    return []


def _cell(text: str, width: int, is_right: bool) -> str:
    return text.rjust(width) if is_right else text.ljust(width)
