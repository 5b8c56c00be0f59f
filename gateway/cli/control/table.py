"""Tables: for people on a terminal, for `cut` and `awk` in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text


class Tone(StrEnum):
    """What a colour means, the same everywhere; a word beside it always says it, too."""

    PLAIN = ""
    GOOD = "green"
    DOUBTFUL = "yellow"
    BAD = "red"


class Row(NamedTuple):
    """The last cell has the colour."""

    cells: Sequence[str]
    tone: Tone = Tone.PLAIN


def show(head: Sequence[str], rows: Iterable[Row]) -> None:
    """On stdout: columns on a terminal, else tab-separated without a head."""
    if sys.stdout.isatty():
        console().print(drawn(head, rows))
        return
    for row in rows:
        print("\t".join(row.cells))


def drawn(head: Sequence[str], rows: Iterable[Row]) -> Table:
    """For a terminal; columns that are empty in every row are left out, and a head that is."""
    kept = list(rows)
    used = [number for number in range(len(head)) if any(row.cells[number] for row in kept)]
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=any(head))
    for number in used:
        table.add_column(head[number], overflow="fold")
    for cells, tone in kept:
        styles = [*([""] * (len(head) - 1)), tone.value]
        table.add_row(*(Text(cells[number], styles[number]) for number in used))
    return table


def console() -> Console:
    """Stdout; it honours NO_COLOR and TERM=dumb."""
    return Console(highlight=False, markup=False)
