"""Points into as few block reads as the limits allow. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, get_args

from adapters.modbus.config import BIT_TABLES, Byte, ModbusDevice, Table
from gateway.model import PointGroup
from gateway.values import Order, Quantity

TABLES: tuple[Table, ...] = get_args(Table)

Span = tuple[Table, int, int]
"""Addresses `start` to `end` (exclusive) of a table, on the wire."""
FACTOR = Quantity("int16")
"""What a power of ten is held as (SunSpec Device Information Model Specification, 5.3: sunssf)."""
Cut = tuple[Table, int]
"""An address of a table that no block may read together with the one before it."""

_TEXT: dict[Order, Order] = {"ABCD": "ABCD", "CDAB": "ABCD", "BADC": "BADC", "DCBA": "BADC"}


class Cell(NamedTuple):
    """A point in its place: `place` is its position in its group.

    `byte`: which of its register, where it is only one. `scale_from`: the register that holds its power of ten.
    `hidden`: no point, but such a register.
    """

    place: int
    name: str
    table: Table
    start: int
    end: int
    quantity: Quantity
    order: Order
    byte: Byte = "low"
    scale_from: int | None = None
    hidden: bool = False

    @property
    def span(self) -> Span:
        """The addresses it needs."""
        return self.table, self.start, self.end

    @property
    def arrangement(self) -> Order:
        """How its bytes are arranged: the words of a text never change places."""
        return _TEXT[self.order] if self.quantity.scalar.is_text else self.order


NO_HOLES_OF_THEIR_OWN: Mapping[Table, int] = MappingProxyType({})


class Limits(NamedTuple):
    """How much one request may read, and how many unused addresses in a row it may read along.

    `holes`: of tables that differ; without `blocks` only points at the same addresses are read together.
    """

    registers: int
    bits: int
    hole_registers: int
    hole_bits: int
    holes: Mapping[Table, int] = NO_HOLES_OF_THEIR_OWN
    blocks: bool = True

    def of(self, table: Table) -> tuple[int, int]:
        """Size and hole in one table."""
        size, hole = (self.bits, self.hole_bits) if table in BIT_TABLES else (self.registers, self.hole_registers)
        return size, self.holes.get(table, hole)


class Block(NamedTuple):
    """One request: `cells` in the order of their addresses."""

    cells: tuple[Cell, ...]

    @property
    def table(self) -> Table:
        """Which table it reads."""
        return self.cells[0].table

    @property
    def start(self) -> int:
        """Its first address."""
        return self.cells[0].start

    @property
    def size(self) -> int:
        """How many registers or bits it reads."""
        return max(cell.end for cell in self.cells) - self.start

    @property
    def is_whole(self) -> bool:
        """Whether all cells need the same addresses, so that reading some of them alone would tell nothing new."""
        return self.cells[0].span == self.cells[-1].span

    def halves(self) -> tuple[Block, Block]:
        """Split at the largest hole, else in the middle; between cells alike only if all are. For two and more."""
        ends = _running_ends(self.cells)
        count = len(self.cells)
        apart = [at for at in range(1, count) if self.cells[at].span != self.cells[at - 1].span]
        borders = apart or list(range(1, count))
        at = max(borders, key=lambda i: (self.cells[i].start - ends[i - 1], -abs(i - count / 2)))
        return Block(self.cells[:at]), Block(self.cells[at:])


def limits_of(device: ModbusDevice) -> Limits:
    """What one request to this device may read."""
    holes = device.max_hole
    own = {table: hole for table in TABLES if (hole := getattr(holes, table)) is not None}
    return Limits(device.max_registers, device.max_bits, holes.registers, holes.bits, own, device.blocks)


def cells_of(device: ModbusDevice, group: PointGroup) -> tuple[Cell, ...]:
    """The points of a group in their places, and behind them the registers that hold their powers of ten."""
    return with_factors([cell_of(device, name, place) for place, name in enumerate(group.points)])


def cell_of(device: ModbusDevice, name: str, place: int = 0) -> Cell:
    """A point in its place."""
    point = device.points[name]
    start = point.address - device.address_base
    order = point.order or device.order
    factor = None if point.scale_from is None else point.scale_from - device.address_base
    return Cell(place, name, point.table, start, start + point.width, point.quantity, order, point.byte, factor)


def with_factors(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """These cells, whose places are 0, 1, ..., and behind them the registers of their powers of ten, each once."""
    firsts: dict[tuple[Table, int, Order], str] = {}
    for cell in cells:
        if cell.scale_from is not None:
            firsts.setdefault((cell.table, cell.scale_from, cell.order), cell.name)
    factors = [
        Cell(place, f"power of ten of {name}", table, start, start + 1, FACTOR, order, hidden=True)
        for place, ((table, start, order), name) in enumerate(firsts.items(), len(cells))
    ]
    return (*cells, *factors)


def plan(
    cells: Iterable[Cell], limits: Limits, cuts: Iterable[Cut] = (), absent: Iterable[Span] = ()
) -> tuple[Block, ...]:
    """Blocks that read every cell exactly once, but for those in `absent`, which no block touches."""
    missing = frozenset(absent)
    borders = frozenset(cuts).union(*(((table, start), (table, end)) for table, start, end in missing))
    present = sorted((cell for cell in cells if cell.span not in missing), key=lambda cell: (cell.span, cell.place))
    return tuple(Block(tuple(run)) for run in _runs(present, limits, borders))


def _runs(cells: Sequence[Cell], limits: Limits, cuts: frozenset[Cut]) -> Iterator[list[Cell]]:
    run: list[Cell] = []
    end = 0
    for cell in cells:
        if run and not _joins(run[0], end, cell, limits, cuts):
            yield run
            run = []
        end = max(end, cell.end) if run else cell.end
        run.append(cell)
    if run:
        yield run


def _joins(first: Cell, end: int, cell: Cell, limits: Limits, cuts: frozenset[Cut]) -> bool:
    size, hole = limits.of(first.table)
    if cell.table != first.table or max(end, cell.end) - first.start > size or cell.start - end > hole:
        return False
    if not limits.blocks and cell.end > end:
        return False
    return not any(table == first.table and first.start < address < cell.end for table, address in cuts)


def _running_ends(cells: Sequence[Cell]) -> list[int]:
    ends: list[int] = []
    for cell in cells:
        ends.append(max(cell.end, ends[-1]) if ends else cell.end)
    return ends
