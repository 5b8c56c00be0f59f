"""Values as they are on the wire, also those that share their registers with others. Pure."""

from __future__ import annotations

from typing import NamedTuple

from adapters.modbus.blocks.plan import Cell
from adapters.modbus.config.tables import BIT_TABLES
from gateway.model import Value
from gateway.values import Quantity, Spoiled, Unwritable, arrange, decode_one, encode, mask

REGISTER_BYTES = 2


class Wire(NamedTuple):
    """A value on the wire: whole registers, or one byte for a bit of a bit table.

    `mask`: the bits of them that are the point's, the others in `data` being 0; None when all are. `value`: what a read
    would find, once rounded.
    """

    data: bytes
    mask: bytes | None
    value: Value

    def merged(self, old: bytes) -> bytes:
        """What to write over what is there (as on the wire), so that others' bits stay as they are."""
        if self.mask is None:
            return self.data
        kept = int.from_bytes(old, "big") & ~int.from_bytes(self.mask, "big")
        return (kept | int.from_bytes(self.data, "big")).to_bytes(len(self.data), "big")


def is_shared(cell: Cell) -> bool:
    """Whether it takes only some of the bits of its registers."""
    return cell.table not in BIT_TABLES and (cell.quantity.bits is not None or _is_one_byte(cell))


def wire_of(cell: Cell, value: Value, exponent: int = 0) -> Wire:
    """The value of a point, whose power of ten is `exponent` if it has one; raises Unwritable."""
    quantity = cell.quantity.at(exponent) if cell.scale_from is not None else cell.quantity
    data = encode(quantity, value)
    found = _found(quantity._replace(invalid=()), data)
    if cell.table in BIT_TABLES:
        return Wire(data, None, found)
    bits = mask(quantity).to_bytes(len(data), "big")
    return Wire(_placed(cell, data), _placed(cell, bits) if is_shared(cell) else None, found)


def _found(quantity: Quantity, data: bytes) -> Value:
    try:
        return decode_one(quantity, data)
    except Spoiled:
        raise Unwritable("out-of-range", "the nearest value that can be written is outside its range") from None


def _is_one_byte(cell: Cell) -> bool:
    return cell.quantity.type != "bool" and cell.quantity.scalar.size == 1


def _placed(cell: Cell, data: bytes) -> bytes:
    """In whole registers, in their order."""
    if _is_one_byte(cell) and cell.byte == "high":
        data = data.ljust(REGISTER_BYTES, b"\0")
    return arrange(data.rjust(REGISTER_BYTES, b"\0"), cell.arrangement)
