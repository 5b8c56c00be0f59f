"""Points to write, and neighbours put together into one request. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from adapters.modbus.blocks.fields import REGISTER_BYTES
from adapters.modbus.blocks.plan import Cell
from adapters.modbus.config import BIT_TABLES, ModbusDevice, Table
from gateway.adapter import ReadBack
from gateway.model import Value


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
    def has_wide(self) -> bool:
        """Whether one of the points takes several addresses, which can't be written one by one."""
        return any(len(write.data) > self.step for write in self.writes)

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

    @property
    def shared(self) -> tuple[int, int]:
        """The first register of which some bits have to be kept, and how many there are from it to the last such."""
        rows = [self.mask[at : at + REGISTER_BYTES] for at in range(0, len(self.mask), REGISTER_BYTES)]
        places = [place for place, row in enumerate(rows) if row.strip(b"\xff")]
        return self.start + places[0], places[-1] - places[0] + 1

    def filled(self, found: bytes) -> bytes:
        """The data, with everything that has to be kept as it was found in the shared registers."""
        before = (self.shared[0] - self.start) * REGISTER_BYTES
        rows = zip(self.data, self.mask, (bytes(before) + found).ljust(len(self.data), b"\0"), strict=True)
        return bytes(new & mask | old & ~mask for new, mask, old in rows)


def bundles(device: ModbusDevice, writes: Iterable[Write]) -> list[Bundle]:
    """The requests for these: neighbours together, as far as only neighbours change places in the order given."""
    row: list[Bundle] = []
    for write in writes:
        bundle = Bundle(write.cell.table, write.start, write.data, write.mask, (write,))
        while row and _goes_with(device, row[-1], bundle):
            bundle = _joined(row.pop(), bundle)
        row.append(bundle)
    return row


def _goes_with(device: ModbusDevice, one: Bundle, other: Bundle) -> bool:
    """Whether a single request may write both."""
    if one.table != other.table or max(one.start, other.start) > min(one.end, other.end):
        return False
    if (one.start, one.size) != (other.start, other.size):
        if not (one.is_whole and other.is_whole) and (device.mask_write or not device.blocks):
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
