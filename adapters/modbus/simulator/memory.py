"""One unit's four tables, as pymodbus' requests find them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pymodbus.constants import ExcCodes

from adapters.modbus.blocks.plan import Cell, Limits, plan
from adapters.modbus.config import MAX_READ_BITS, MAX_READ_REGISTERS, Table

SPANS = Limits(MAX_READ_REGISTERS, MAX_READ_BITS, MAX_READ_REGISTERS, MAX_READ_BITS)
"""What lies between points exists, too, so that every plan can be read."""

TABLES: dict[int, Table] = {
    1: "coil",
    2: "discrete",
    3: "holding",
    4: "input",
    5: "coil",
    6: "holding",
    15: "coil",
    16: "holding",
    22: "holding",
    23: "holding",
}
"""Which table a function is about (MODBUS Application Protocol V1.1b3, 6)."""


class Memory:
    """Only the addresses of points, what lies between them and what is laid there exist; all begin at zero."""

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._tables: dict[Table, dict[int, int]] = {table: {} for table in TABLES.values()}
        for block in plan(cells, SPANS):
            self._tables[block.table].update(dict.fromkeys(range(block.start, block.start + block.size), 0))

    def read(self, table: Table, start: int, count: int) -> list[int] | None:
        """None where one of these addresses does not exist."""
        held = self._tables[table]
        wanted = range(start, start + count)
        return [held[address] for address in wanted] if all(address in held for address in wanted) else None

    def write(self, table: Table, start: int, values: Sequence[int]) -> bool:
        """Whether they exist; if not, nothing is changed."""
        if self.read(table, start, len(values)) is None:
            return False
        self._tables[table].update(enumerate(map(int, values), start))
        return True

    def lay(self, start: int, words: Sequence[int]) -> None:
        """Let these holding registers exist, with this in them."""
        self._tables["holding"].update(enumerate(words, start))

    async def async_getValues(self, _unit: int, function: int, address: int, count: int = 1) -> list[int] | ExcCodes:  # noqa: N802  # pymodbus names it
        """As pymodbus' requests ask for it."""
        values = self.read(TABLES[function], address, count)
        return ExcCodes.ILLEGAL_ADDRESS if values is None else values

    async def async_setValues(self, _unit: int, function: int, address: int, values: Sequence[int]) -> ExcCodes | None:  # noqa: N802  # pymodbus names it
        """As pymodbus' requests ask for it."""
        return None if self.write(TABLES[function], address, values) else ExcCodes.ILLEGAL_ADDRESS
