"""What goes over a connection as bytes, for who looks on: six bytes of address, then a PDU of ATT. Pure.

It is as if each value fitted into one: what is longer BlueZ sends in pieces, and does not say how. Nor does it show
what it asks by itself: the services, and to be notified.
"""

from __future__ import annotations

from enum import IntEnum

ADDRESS_BYTES = 6
NO_HANDLE = b""


class Op(IntEnum):
    """The first byte of a PDU (Core Specification 6.0, Vol 3, Part F, 3.4.8); none that is shown is above 0x7F."""

    ERROR = 0x01
    READ = 0x0A
    READ_ANSWER = 0x0B
    WRITE = 0x12
    WRITE_ANSWER = 0x13
    NOTIFIED = 0x1B
    INDICATED = 0x1D
    WRITE_COMMAND = 0x52


def att(address: str, op: Op, handle: int | None = None, data: bytes = b"") -> bytes:
    """Of a device; `handle`: of the value or descriptor, in those that name it."""
    where = NO_HANDLE if handle is None else handle.to_bytes(2, "little")
    return bytes.fromhex(address.replace(":", "")) + op.to_bytes() + where + data


def att_error(address: str, asked: Op, handle: int, code: int) -> bytes:
    """What the device answers where it refuses (Core Specification 6.0, Vol 3, Part F, 3.4.1.1)."""
    return att(address, Op.ERROR, data=asked.to_bytes() + handle.to_bytes(2, "little") + bytes((code & 0xFF,)))
