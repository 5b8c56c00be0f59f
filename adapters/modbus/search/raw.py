"""What a raw read names, as in `holding:100/2:float32`, and what is told of what it brought. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from adapters.modbus.blocks.plan import Block, Cell
from adapters.modbus.config import BIT_TABLES, MAX_READ_BITS, ModbusDevice, Table
from adapters.modbus.config.tables import ADDRESSES
from adapters.modbus.search.guess import Reading, readings
from gateway.adapter import Rejected
from gateway.values import Quantity

FORM = "TABLE:ADDRESS/COUNT:TYPE, as in holding:100/2 or 100/2:float32"
TYPES = frozenset({
    "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
    "float16", "float32", "float64", "bcd16", "bcd32", "string",
})  # fmt: skip
DEFAULT_REGISTERS, DEFAULT_BITS = 2, 1
"""Two registers are what most values have that nobody understands."""

_WHAT = re.compile(r"(?:([a-z]+):)?(0x[0-9A-Fa-f]{1,4}|[0-9]{1,6})(?:/([0-9]{1,5}))?(?::([a-z0-9]+))?")


class Wanted(NamedTuple):
    """Addresses of a table as the device's address_base counts; `start` as on the wire; `type` None: all that fit."""

    table: Table
    address: int
    start: int
    size: int
    type: str | None

    @property
    def block(self) -> Block:
        """To be read at once."""
        return Block((Cell(0, "", self.table, self.start, self.start + self.size, Quantity("uint16"), "ABCD"),))


def wanted(what: str, device: ModbusDevice) -> Wanted:
    """Checked; raises Rejected."""
    if (match := _WHAT.fullmatch(what.strip())) is None:
        raise _malformed(f"{what!r} is no raw read: write {FORM}")
    table = _table(match[1] or "holding")
    kind = match[4]
    if kind is not None and (kind not in TYPES or table in BIT_TABLES):
        raise _malformed(f"{kind} is no type of a {table} table; there are {', '.join(sorted(TYPES))} of registers")
    bits = table in BIT_TABLES
    most = min(device.max_bits, MAX_READ_BITS) if bits else device.max_registers
    count = int(match[3] or (DEFAULT_BITS if bits else min(DEFAULT_REGISTERS, most)))
    if not 1 <= count <= most:
        raise _malformed(f"one request to this device reads 1 to {most} of a {table} table, not {count}")
    address = int(match[2], 16 if match[2].startswith("0x") else 10)
    start = address - device.address_base
    if start < 0:
        raise _malformed("with address_base 1 addresses count from 1, so 0 does not exist")
    if start + count > ADDRESSES:
        raise _malformed(f"it ends beyond {ADDRESSES - 1 + device.address_base}, the last address there is")
    return Wanted(table, address, start, count, kind)


def told(what: Wanted, data: bytes) -> Mapping[str, Any]:
    """What was read, and what it may mean, as JSON has it."""
    place = {"table": what.table, "address": what.address, "wire_address": what.start, "count": what.size}
    if what.table in BIT_TABLES:
        return {**place, "bits": [data[bit // 8] >> bit % 8 & 1 for bit in range(what.size)]}
    words = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
    shown = [_shown(each) for each in readings(data) if what.type in (None, each.type)]
    return {**place, "hex": [f"{word:04x}" for word in words], "words": words, "readings": shown}


def _shown(reading: Reading) -> dict[str, Any]:
    half = {} if reading.byte is None else {"byte": reading.byte}
    order = {"order": reading.orders[0]} | ({"same": list(reading.orders[1:])} if reading.orders[1:] else {})
    return {"type": reading.type, **order, **half, "value": reading.value, "plausible": reading.is_plausible}


def _table(word: str) -> Table:
    tables: dict[str, Table] = {name: name for name in get_args(Table)}
    if word not in tables:
        raise _malformed(f"there is no table {word!r}; there are {', '.join(tables)}")
    return tables[word]


def _malformed(detail: str) -> Rejected:
    return Rejected("malformed", detail)
