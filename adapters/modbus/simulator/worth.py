"""A point's value in its registers, as the adapter reads and writes it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from adapters.modbus.blocks.fields import wire_of
from adapters.modbus.blocks.plan import Block, Cell, cell_of, with_factors
from adapters.modbus.blocks.registers import layout
from adapters.modbus.blocks.scaling import MAX_EXPONENT, MIN_EXPONENT, Scaling
from adapters.modbus.config import BIT_TABLES, ModbusDevice
from adapters.modbus.simulator.memory import Memory
from gateway.model import Bad, Value
from gateway.values import Unwritable

REGISTER_BYTES = 2


def cells_of_all(device: ModbusDevice) -> tuple[Cell, ...]:
    """Everything of a device that must exist: its points, and the registers of their powers of ten."""
    return with_factors([cell_of(device, name, place) for place, name in enumerate(device.points)])


def value_in(memory: Memory, device: ModbusDevice, point: str) -> Value | None:
    """What a point is worth now; None where that is no good value."""
    cells = with_factors([cell_of(device, point)])
    bad: dict[str, Bad] = {}
    numbers = [_number(memory, cell, bad) for cell in cells]
    (value,) = Scaling(cells).sift(numbers, bad)
    return value


def put(memory: Memory, device: ModbusDevice, point: str, value: Value) -> None:
    """Let a point be worth this; raises Unwritable if it can't hold that."""
    cell, *factors = with_factors([cell_of(device, point)])
    wire = wire_of(cell, value, _exponent(memory, factors[0]) if factors else 0)
    if cell.table in BIT_TABLES:
        memory.write(cell.table, cell.start, [any(wire.data)])
        return
    data = wire.merged(_bytes(memory, cell))
    words = [int.from_bytes(data[at : at + REGISTER_BYTES], "big") for at in range(0, len(data), REGISTER_BYTES)]
    memory.write(cell.table, cell.start, words)


def put_first(memory: Memory, device: ModbusDevice, point: str, values: Iterable[Value]) -> None:
    """Let a point be worth the first of these that it can hold; if there is none, it stays as it is."""
    for value in values:
        with suppress(Unwritable):
            put(memory, device, point, value)
            return


def _exponent(memory: Memory, factor: Cell) -> int:
    exponent = _number(memory, factor, {})
    if not isinstance(exponent, int) or not MIN_EXPONENT <= exponent <= MAX_EXPONENT:
        raise Unwritable("out-of-range", f"the {factor.name} is none now: {exponent}")
    return exponent


def _number(memory: Memory, cell: Cell, bad: dict[str, Bad]) -> Value | None:
    """Before its power of ten, if it has one."""
    (number,), spoiled = layout(Block((cell,))).sift(_bytes(memory, cell), 0)
    bad |= spoiled
    return number


def _bytes(memory: Memory, cell: Cell) -> bytes:
    """As a reply brings them."""
    held = memory.read(cell.table, cell.start, cell.end - cell.start) or []
    if cell.table in BIT_TABLES:
        return bytes(held)
    return b"".join(word.to_bytes(REGISTER_BYTES, "big") for word in held)
