"""Blocks of registers and bits to raw numbers and values, with as few calls as can be. Pure."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple, TypeVar

from adapters.modbus.blocks.plan import Block, Cell
from adapters.modbus.config import BIT_TABLES
from gateway.model import Bad, Value
from gateway.values import Decode, Order, Raw, Spoiled, decoder, numbers

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
                    values[index] = decode(values[index])
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
    if cell.table in BIT_TABLES and not cell.quantity.labels:
        return None
    return numbers(cell.quantity) if cell.scale_from is not None else decoder(cell.quantity)


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


class _Slot(NamedTuple):
    """Where a cell's raw number lies in the bytes of a block that are in its order, and its struct code."""

    order: Order
    at: int
    end: int
    code: str


class _Lane:
    """Numbers of one byte order that do not overlap: one struct call. Cells alike share a number."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.slots: list[_Slot] = []
        self.cells: list[Cell] = []
        self.places: list[int] = []

    def takes(self, cell: Cell, slot: _Slot) -> bool:
        """Whether there was room for it."""
        if slot.order != self.order or (self.slots and self.slots[-1] != slot and self.slots[-1].end > slot.at):
            return False
        if not self.slots or self.slots[-1] != slot:
            self.slots.append(slot)
        self.cells.append(cell)
        self.places.append(len(self.slots) - 1)
        return True

    def unpack(self, size: int) -> Unpack:
        """All its cells out of a block of this many bytes."""
        unpack = _unpack(self.order, struct.Struct(_LITTLE_OR_BIG[self.order] + _form(self.slots)), size)
        if len(self.slots) == len(self.cells):
            return unpack
        pick = picker(self.places)
        return lambda buffer, at: pick(unpack(buffer, at))


def _registers(block: Block) -> tuple[tuple[Cell, ...], Unpack]:
    lanes = _lanes(block)
    cells = tuple(chain.from_iterable(lane.cells for lane in lanes))
    unpacks = [lane.unpack(data_size(block)) for lane in lanes]
    if len(unpacks) == 1:
        return cells, unpacks[0]
    return cells, lambda buffer, at: tuple(chain.from_iterable([unpack(buffer, at) for unpack in unpacks]))


def _lanes(block: Block) -> list[_Lane]:
    lanes: list[_Lane] = []
    for slot, cell in sorted(_slots(block), key=lambda pair: (pair[0].at, pair[0].end)):
        if not any(lane.takes(cell, slot) for lane in lanes):
            lanes.append(_Lane(slot.order))
            lanes[-1].takes(cell, slot)
    return lanes


def _slots(block: Block) -> Iterable[tuple[_Slot, Cell]]:
    long = {cell.arrangement for cell in block.cells if not _is_single(cell)}
    for cell in block.cells:
        order = cell.arrangement
        yield _slot(order if order in long else _SINGLE[order], cell, block.start), cell


_SINGLE: dict[Order, Order] = {"ABCD": "ABCD", "CDAB": "ABCD", "BADC": "DCBA", "DCBA": "DCBA"}
"""In a single register two orders look alike, and these need no swapping."""
_LITTLE_OR_BIG: dict[Order, str] = {"ABCD": ">", "BADC": ">", "CDAB": "<", "DCBA": "<"}
"""BADC and CDAB are big and little endian once the two bytes of each register are swapped."""


def _is_single(cell: Cell) -> bool:
    return cell.end - cell.start == 1 and not cell.quantity.scalar.is_text


def _slot(order: Order, cell: Cell, start: int) -> _Slot:
    scalar = cell.quantity.scalar
    at, end = 2 * (cell.start - start), 2 * (cell.end - start)
    if cell.quantity.type == "bool":
        return _Slot(order, at, end, "H")
    if scalar.size == 1:
        at += (cell.byte == "low") == (_LITTLE_OR_BIG[order] == ">")
        end = at + 1
    return _Slot(order, at, end, scalar.code)


def _unpack(order: Order, form: struct.Struct, size: int) -> Unpack:
    if order in ("ABCD", "DCBA"):
        return form.unpack_from

    def unpack(buffer: bytes | bytearray, at: int) -> Sequence[Raw]:
        words = array("H", bytes(buffer[at : at + size]))
        words.byteswap()
        return form.unpack_from(words)

    return unpack


def _form(slots: Sequence[_Slot]) -> str:
    """The struct codes of slots in the order of their bytes; holes become pad bytes."""
    codes: list[str] = []
    at = 0
    for slot in slots:
        codes += ["x"] * (slot.at - at)
        codes.append(slot.code)
        at = slot.end
    runs = [(code, len(list(run))) for code, run in groupby(codes)]
    return "".join(code * count if len(code) > 1 else f"{count}{code}" for code, count in runs)
