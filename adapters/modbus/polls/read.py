"""One block of a poll, read again and again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from adapters.modbus.blocks.learn import Search
from adapters.modbus.blocks.plan import Block, Cell
from adapters.modbus.blocks.registers import layout
from adapters.modbus.wire.exchange import LINK_LOST, Exchange
from adapters.modbus.wire.frames import read_frames
from gateway.line import Patience
from gateway.model import Bad, Value
from gateway.values import Spoiled


class Cycle(Protocol):
    """Who is told what became of a read."""

    def read(self, read: Read) -> None:
        """A block has arrived."""

    def missed(self, read: Read, bad: Bad) -> None:
        """A block did not arrive."""


class Read(Exchange):
    """One block of a poll: `trouble` is why its last read brought nothing, `spoiled` which of its values are bad."""

    __slots__ = ("block", "layout", "patience", "poll", "search", "spoiled", "trouble", "values")

    def __init__(self, block: Block, unit_id: int, timeout_s: float, poll: Cycle, search: Search | None) -> None:
        super().__init__(read_frames(unit_id, block), timeout_s)
        self.block = block
        self.poll = poll
        self.search = search
        self.layout = layout(block)
        self.patience = Patience()
        self.values: Sequence[Value | None] = ()
        self.spoiled: dict[str, Bad] | None = None
        self.trouble: Bad | None = None

    def arrived(self, buffer: bytes | bytearray, at: int) -> None:
        """Decode, and tell the poll."""
        self.trouble = None
        try:
            self.values = self.layout.values(buffer, at)
            self.spoiled = None
        except Spoiled:
            self.values, self.spoiled = self.layout.sift(buffer, at)
        self.poll.read(self)

    def failed(self, bad: Bad) -> None:
        """Tell the poll; a lost connection is the core's to tell."""
        if bad is not LINK_LOST:
            self.trouble = bad
            self.poll.missed(self, bad)

    def results(self) -> Iterator[tuple[Cell, Value | None, Bad | None]]:
        """Each point with its value, or with why it has none."""
        cells = self.layout.cells
        if self.trouble is not None:
            yield from ((cell, None, self.trouble) for cell in cells)
            return
        spoiled = self.spoiled or {}
        for cell, value in zip(cells, self.values, strict=True):
            yield cell, value, spoiled.get(cell.name)


def sifted(reads: Iterable[Read], count: int, unread: Mapping[str, Bad]) -> tuple[list[Value | None], dict[str, Bad]]:
    """What has come of all of them, by the cells' places of so many, and why the rest is not good."""
    values: list[Value | None] = [None] * count
    bad = dict(unread)
    for read in reads:
        for cell, value, why in read.results():
            values[cell.place] = value
            if why is None:
                bad.pop(cell.name, None)
            else:
                bad[cell.name] = why
    return values, bad
