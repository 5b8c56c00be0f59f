"""Blocks of registers and bits to raw numbers and values, with as few calls as can be. Pure."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple, TypeVar

from adapters.modbus.config import BIT_TABLES
from adapters.modbus.plan import Block, Cell
from gateway.model import Bad, Value
from gateway.values import SCALARS, Decode, Order, Raw, Spoiled, decoder

T = TypeVar("T")

Unpack = Callable[[bytes | bytearray, int], Sequence[Raw]]
"""The data of a reply, from this offset on, to raw numbers."""

_BITS = tuple(tuple(bool(byte >> bit & 1) for bit in range(8)) for byte in range(256))
"""The bits of each byte, lowest first (MODBUS Application Protocol V1.1b3, 6.1)."""


class Layout(NamedTuple):
    """How a block's reply is read: `unpack` gives raw numbers in the order of `cells`, `steps` make values of them.

    A step decodes the cells from its first number to its second, exclusive.
    """

    cells: tuple[Cell, ...]
    unpack: Unpack
    steps: tuple[tuple[int, int, Decode], ...]

    def values(self, buffer: bytes | bytearray, at: int) -> Sequence[Value]:
        """All values, in the order of `cells`; raises Spoiled when one is not good."""
        raw = self.unpack(buffer, at)
        if not self.steps:
            return raw
        values: list[Value] = list(raw)
        for start, stop, decode in self.steps:
            values[start:stop] = map(decode, raw[start:stop])
        return values

    def sift(self, buffer: bytes | bytearray, at: int) -> tuple[list[Value | None], dict[str, Bad]]:
        """All values, None where not good, and why."""
        values: list[Value | None] = list(self.unpack(buffer, at))
        bad: dict[str, Bad] = {}
        for start, stop, decode in self.steps:
            for index in range(start, stop):
                try:
                    values[index] = decode(values[index])  # type: ignore[arg-type]  # still raw
                except Spoiled as spoiled:
                    values[index] = None
                    bad[self.cells[index].name] = spoiled.bad
        return values, bad


def layout(block: Block) -> Layout:
    """How to read a block's reply."""
    cells, unpack = _bits(block) if block.table in BIT_TABLES else _registers(block)
    return Layout(cells, unpack, tuple(_steps(cells)))


def data_size(block: Block) -> int:
    """Bytes of data in the reply (MODBUS Application Protocol V1.1b3, 6.1 to 6.4)."""
    return (block.size + 7) // 8 if block.table in BIT_TABLES else block.size * 2


def _steps(cells: Sequence[Cell]) -> Iterable[tuple[int, int, Decode]]:
    start = 0
    for decode, run in groupby(_decode(cell) for cell in cells):
        stop = start + len(list(run))
        if decode is not None:
            yield start, stop, decode
        start = stop


def _decode(cell: Cell) -> Decode | None:
    return None if cell.table in BIT_TABLES and not cell.quantity.labels else decoder(cell.quantity)


def _bits(block: Block) -> tuple[tuple[Cell, ...], Unpack]:
    size = data_size(block)
    places = [cell.start - block.start for cell in block.cells]
    bytes_to_bits = _BITS.__getitem__
    pick = picker(places)

    def unpack(buffer: bytes | bytearray, at: int) -> Sequence[Raw]:
        return pick(tuple(chain.from_iterable(map(bytes_to_bits, buffer[at : at + size]))))

    return block.cells, unpack


def picker(places: Sequence[int]) -> Callable[[Sequence[T]], tuple[T, ...]]:
    """A function that takes these places of a sequence, as a tuple."""
    count = len(places)
    if list(places) == list(range(count)):
        return lambda row: tuple(row[:count])
    if count == 1:
        (place,) = places
        return lambda row: (row[place],)
    return itemgetter(*places)


class _Lane(NamedTuple):
    """Cells of one byte order that do not overlap: one struct call."""

    order: Order
    cells: list[Cell]


def _registers(block: Block) -> tuple[tuple[Cell, ...], Unpack]:
    lanes = _lanes(block)
    cells = tuple(chain.from_iterable(lane.cells for lane in lanes))
    unpacks = [_unpack(lane, block) for lane in lanes]
    if len(unpacks) == 1:
        return cells, unpacks[0]
    return cells, lambda buffer, at: tuple(chain.from_iterable([unpack(buffer, at) for unpack in unpacks]))


def _lanes(block: Block) -> list[_Lane]:
    single = {order for order in ("CDAB", "BADC") if _all_single(block, order)}
    lanes: list[_Lane] = []
    for cell in block.cells:
        order = _SINGLE[cell.order] if cell.order in single else cell.order
        for lane in lanes:
            if lane.order == order and lane.cells[-1].end <= cell.start:
                lane.cells.append(cell)
                break
        else:
            lanes.append(_Lane(order, [cell]))
    return lanes


_SINGLE: dict[Order, Order] = {"ABCD": "ABCD", "CDAB": "ABCD", "BADC": "DCBA", "DCBA": "DCBA"}
"""In a single register two orders look alike, and these need no swapping."""


def _all_single(block: Block, order: str) -> bool:
    return all(cell.end - cell.start == 1 for cell in block.cells if cell.order == order)


def _unpack(lane: _Lane, block: Block) -> Unpack:
    """BADC and CDAB are big and little endian once the two bytes of each register are swapped."""
    endian = ">" if lane.order in ("ABCD", "BADC") else "<"
    form = struct.Struct(endian + _form(lane.cells, block.start))
    if lane.order in ("ABCD", "DCBA"):
        return form.unpack_from
    size = block.size * 2

    def unpack(buffer: bytes | bytearray, at: int) -> Sequence[Raw]:
        words = array("H", bytes(buffer[at : at + size]))
        words.byteswap()
        return form.unpack_from(words)

    return unpack


def _form(cells: Sequence[Cell], start: int) -> str:
    """The struct codes of cells in address order; holes become pad bytes."""
    codes: list[str] = []
    at = start
    for cell in cells:
        codes += ["xx"] * (cell.start - at)
        codes.append("H" if cell.quantity.type == "bool" else SCALARS[cell.quantity.type].code)
        at = cell.end
    return "".join(f"{len(list(run))}{code}" for code, run in groupby("".join(codes)))
