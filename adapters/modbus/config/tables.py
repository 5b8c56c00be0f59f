"""The four tables, and how much of them one request may touch. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

MAX_READ_REGISTERS = 125
"""In one request (MODBUS Application Protocol V1.1b3, 6.3 and 6.4)."""
MAX_READ_BITS = 2000
"""In one request (MODBUS Application Protocol V1.1b3, 6.1 and 6.2)."""
MAX_WRITE_REGISTERS = 123
"""In one request (MODBUS Application Protocol V1.1b3, 6.12)."""
MAX_WRITE_BITS = 1968
"""In one request (MODBUS Application Protocol V1.1b3, 6.11)."""
MAX_READ_WRITE_REGISTERS = 121
"""Written in one request that also reads (MODBUS Application Protocol V1.1b3, 6.17)."""
ADDRESSES = 65536
"""In each table (MODBUS Application Protocol V1.1b3, 4.3)."""

Table = Literal["holding", "input", "coil", "discrete"]

BIT_TABLES: frozenset[Table] = frozenset({"coil", "discrete"})
WRITABLE_TABLES: frozenset[Table] = frozenset({"coil", "holding"})

REFERENCE = 100_000
"""Of six digits, as many manuals print them, the first says which table is meant."""
REFERENCES: Mapping[int, Table] = MappingProxyType({1: "discrete", 3: "input", 4: "holding"})


def reference(address: int) -> tuple[Table, int] | None:
    """The table and the number in it that six digits mean; None where it is none of these."""
    first, number = divmod(address, REFERENCE)
    return (REFERENCES[first], number) if first in REFERENCES and 0 < number <= ADDRESSES else None
