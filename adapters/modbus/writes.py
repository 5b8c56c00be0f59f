"""What a command writes: each point checked and encoded, and neighbours put together into one request. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from adapters.modbus.config import BIT_TABLES, ModbusDevice, Table
from adapters.modbus.fields import REGISTER_BYTES, wire_of
from adapters.modbus.plan import Block, Cell, cell_of
from adapters.modbus.registers import layout
from gateway.adapter import ReadBack, Rejected
from gateway.model import Bad, BadReason, Value
from gateway.values import Unwritable

NONE: Mapping[str, int] = MappingProxyType({})


class Write(NamedTuple):
    """One point to write, `data` as on the wire: of each byte those bits that are set in `mask`.

    A coil is a byte, 0 or 1. `value` is what it stands for once it is rounded, `step` the distance to the next one.
    """

    cell: Cell
    start: int
    data: bytes
    mask: bytes
    value: Value
    step: float
    read_back: ReadBack | None


class Bundle(NamedTuple):
    """Neighbours that go out as one request, in the order of the command; what no mask names stays as it is."""

    table: Table
    start: int
    data: bytes
    mask: bytes
    writes: tuple[Write, ...]

    @property
    def step(self) -> int:
        """Bytes of one address."""
        return 1 if self.table in BIT_TABLES else REGISTER_BYTES

    @property
    def size(self) -> int:
        """Registers or coils."""
        return len(self.data) // self.step

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.start + self.size

    @property
    def is_whole(self) -> bool:
        """Whether nothing has to be kept."""
        return not self.mask.strip(b"\xff")

    @property
    def names(self) -> str:
        """The points, for people."""
        return ", ".join(write.cell.name for write in self.writes)

    @property
    def values(self) -> dict[str, Value]:
        """What is written, by point."""
        return {write.cell.name: write.value for write in self.writes}

    @property
    def to_read_back(self) -> tuple[Write, ...]:
        """Those that ask for it."""
        return tuple(write for write in self.writes if write.read_back is not None)

    @property
    def words(self) -> list[tuple[int, int, int]]:
        """Address, mask and bits of each register, but for those of which nothing is written."""
        words = []
        for at in range(0, len(self.data), REGISTER_BYTES):
            mask, bits = (int.from_bytes(row[at : at + REGISTER_BYTES], "big") for row in (self.mask, self.data))
            if mask:
                words.append((self.start + at // REGISTER_BYTES, mask, bits))
        return words

    def stretched(self, start: int, end: int) -> Bundle:
        """From this address to that one, with nothing to write in what is added."""
        before, behind = bytes((self.start - start) * self.step), bytes((end - self.end) * self.step)
        return self._replace(start=start, data=before + self.data + behind, mask=before + self.mask + behind)

    def filled(self, found: bytes) -> bytes:
        """The data, with everything that has to be kept as it was found in the same registers."""
        rows = zip(self.data, self.mask, found, strict=True)
        return bytes(new & mask | old & ~mask for new, mask, old in rows)


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


def bundles(device: ModbusDevice, writes: Iterable[Write]) -> list[Bundle]:
    """The requests for these: neighbours together, as far as only neighbours change places in the order given."""
    row: list[Bundle] = []
    for write in writes:
        bundle = Bundle(write.cell.table, write.start, write.data, write.mask, (write,))
        while row and _goes_with(device, row[-1], bundle):
            bundle = _joined(row.pop(), bundle)
        row.append(bundle)
    return row


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


def _goes_with(device: ModbusDevice, one: Bundle, other: Bundle) -> bool:
    """Whether a single request may write both."""
    if one.table != other.table or max(one.start, other.start) > min(one.end, other.end):
        return False
    if (one.start, one.size) != (other.start, other.size):
        if device.mask_write and not (one.is_whole and other.is_whole):
            return False
        if max(one.end, other.end) - min(one.start, other.start) > device.most_written(one.table):
            return False
    return not any(a & b for a, b in zip(*(each.mask for each in _side_by_side(one, other)), strict=True))


def _joined(one: Bundle, other: Bundle) -> Bundle:
    """Both in one, where no bit is written by both."""
    a, b = _side_by_side(one, other)
    return Bundle(a.table, a.start, _either(a.data, b.data), _either(a.mask, b.mask), one.writes + other.writes)


def _side_by_side(one: Bundle, other: Bundle) -> tuple[Bundle, Bundle]:
    """Each over the addresses of both."""
    start, end = min(one.start, other.start), max(one.end, other.end)
    return one.stretched(start, end), other.stretched(start, end)


def _either(one: bytes, other: bytes) -> bytes:
    return bytes(a | b for a, b in zip(one, other, strict=True))
