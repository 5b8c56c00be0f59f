"""Checksums that are no CRC. Pure."""

from __future__ import annotations

import struct
from itertools import accumulate

BYTE, WORD = 0xFF, 0xFFFF
FOLDED_BYTES = 64
"""Up to here a loop over bytes is faster than arithmetic with long integers."""


def sum8(data: bytes) -> int:
    """The sum of all bytes, its lowest byte."""
    return sum(data) & BYTE


def sum16(data: bytes) -> int:
    """The sum of all bytes, its lowest two bytes."""
    return sum(data) & WORD


def ones_complement8(data: bytes) -> int:
    """What brings sum8 to 0xFF."""
    return ~sum(data) & BYTE


def twos_complement8(data: bytes) -> int:
    """What brings sum8 to zero: the LRC of Modbus ASCII (MODBUS over Serial Line V1.02, 6.2.1)."""
    return -sum(data) & BYTE


def twos_complement16(data: bytes) -> int:
    """What brings sum16 to zero."""
    return -sum(data) & WORD


def xor8(data: bytes) -> int:
    """The exclusive or of all bytes; long ones are folded in halves, without a step for each byte."""
    size = len(data)
    if size > FOLDED_BYTES:
        folded = int.from_bytes(data, "big")
        while size > 1:
            size = (size + 1) // 2
            folded = (folded >> 8 * size) ^ (folded & ((1 << 8 * size) - 1))
        return folded
    result = 0
    for byte in data:
        result ^= byte
    return result


def fletcher16(data: bytes) -> int:
    """Sums modulo 255, the sum of sums in the high byte (Fletcher, 1982)."""
    return _fletcher(data, 255, 8)


def fletcher16_256(data: bytes) -> int:
    """Sums modulo 256, the sum of sums in the high byte: that of UBX (u-blox M8 Receiver Description, 32.4)."""
    return _fletcher(data, 256, 8)


def fletcher32(data: bytes) -> int:
    """Sums modulo 65535 of 16-bit words, their low byte first, an odd last one filled up with zero."""
    filled = data + bytes(len(data) % 2)
    return _fletcher(struct.unpack(f"<{len(filled) // 2}H", filled), WORD, 16)


def _fletcher(parts: bytes | tuple[int, ...], modulus: int, shift: int) -> int:
    return sum(accumulate(parts)) % modulus << shift | sum(parts) % modulus
