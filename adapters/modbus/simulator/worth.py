"""A point's value in its registers, as the adapter reads and writes it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.modbus.config import BIT_TABLES
from adapters.modbus.plan import Block, Cell
from adapters.modbus.registers import layout
from adapters.modbus.simulator.memory import Memory
from gateway.model import Value
from gateway.values import arrange, encode

REGISTER_BYTES = 2


def value_in(memory: Memory, cell: Cell) -> Value | None:
    """What a point is worth now; None where that is no good value."""
    held = memory.read(cell.table, cell.start, cell.end - cell.start)
    if held is None:
        return None
    data = bytes(held) if cell.table in BIT_TABLES else b"".join(word.to_bytes(REGISTER_BYTES, "big") for word in held)
    (value,), _ = layout(Block((cell,))).sift(data, 0)
    return value


def put(memory: Memory, cell: Cell, value: Value) -> None:
    """Let a point be worth this; raises Unwritable if it can't hold that."""
    memory.write(cell.table, cell.start, _held(cell, value))


def _held(cell: Cell, value: Value) -> Sequence[int]:
    data = encode(cell.quantity, value)
    if cell.table in BIT_TABLES:
        return [any(data)]
    wire = arrange(data.rjust(REGISTER_BYTES, b"\0"), cell.order)
    return [int.from_bytes(wire[at : at + REGISTER_BYTES], "big") for at in range(0, len(wire), REGISTER_BYTES)]
