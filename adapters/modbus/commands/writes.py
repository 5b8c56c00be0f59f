"""What a command writes: each point checked and encoded. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapters.modbus.blocks.fields import REGISTER_BYTES, wire_of
from adapters.modbus.blocks.plan import Block, Cell, cell_of
from adapters.modbus.blocks.registers import layout
from adapters.modbus.commands.bundle import Write
from adapters.modbus.config import BIT_TABLES, ModbusDevice
from gateway.adapter import Rejected
from gateway.model import Bad, BadReason, Value
from gateway.values import Unwritable

NONE: Mapping[str, int] = MappingProxyType({})


def known(device: ModbusDevice, name: str, place: int = 0) -> Cell:
    """A point by its name; raises Rejected."""
    if name not in device.points:
        raise Rejected("unknown-point", f"there is no point {name!r}")
    return cell_of(device, name, place)


def check(device: ModbusDevice, wanted: Mapping[str, Value]) -> None:
    """As far as it can be told without asking the device; raises Rejected."""
    cells = [_writable(device, name) for name in wanted]
    for cell in cells:
        if (scale := next((each for each in cells if _is_scale_of(each, cell)), None)) is not None:
            detail = f"{scale.name} is the power of ten of {cell.name}: write it first, in a command of its own"
            raise Rejected("malformed", detail)
    writes_of(device, {name: value for name, value in wanted.items() if device.points[name].scale_from is None})


def writes_of(device: ModbusDevice, wanted: Mapping[str, Value], exponents: Mapping[str, int] = NONE) -> list[Write]:
    """Everything that a command writes, with the powers of ten that points have; raises Rejected."""
    return [_write(device, name, value, exponents.get(name, 0)) for name, value in wanted.items()]


def sort(block: Block, data: bytes, values: dict[str, Value], bad: dict[str, Bad]) -> None:
    """Add what the reply to a read of this block says of each of its points."""
    shape = layout(block)
    read, spoiled = shape.sift(data, 0)
    values |= {cell.name: value for cell, value in zip(shape.cells, read, strict=True) if value is not None}
    bad |= spoiled


def _writable(device: ModbusDevice, name: str) -> Cell:
    cell = known(device, name)
    if device.points[name].writable is False:
        raise Rejected("not-writable", f"{name} is not writable")
    return cell


def _is_scale_of(scale: Cell, cell: Cell) -> bool:
    return cell.scale_from is not None and scale.table == cell.table and scale.start <= cell.scale_from < scale.end


def _write(device: ModbusDevice, name: str, value: Value, exponent: int) -> Write:
    cell = _writable(device, name)
    try:
        wire = wire_of(cell, value, exponent)
    except Unwritable as error:
        raise Rejected(error.reason, f"{name}: {error}") from None
    if (why := device.points[name].off_limits(wire.value)) is not None:
        raise Rejected("out-of-range", f"{name}: {why}")
    if wire.mask is None and _means_nothing(cell, wire.data):
        raise Rejected("out-of-range", f"{name}: for the device this number means that there is no value (see invalid)")
    mask = wire.mask if wire.mask is not None else b"\xff" * len(wire.data)
    step = cell.quantity.at(exponent).step if cell.scale_from is not None else cell.quantity.step
    return _trimmed(Write(cell, cell.start, wire.data, mask, wire.value, step, device.points[name].read_back))


def _means_nothing(cell: Cell, data: bytes) -> bool:
    bad: dict[str, Bad] = {}
    if cell.quantity.invalid:
        sort(Block((cell,)), data, {}, bad)
    return any(each.reason is BadReason.INVALID for each in bad.values())


def _trimmed(write: Write) -> Write:
    """Without registers at its ends that it writes nothing of."""
    if write.cell.table in BIT_TABLES:
        return write
    touched = [at for at in range(0, len(write.mask), REGISTER_BYTES) if any(write.mask[at : at + REGISTER_BYTES])]
    first, end = touched[0], touched[-1] + REGISTER_BYTES
    start = write.start + first // REGISTER_BYTES
    return write._replace(start=start, data=write.data[first:end], mask=write.mask[first:end])
