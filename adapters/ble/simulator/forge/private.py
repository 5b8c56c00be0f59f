"""Addresses that hide whose they are from all who have no key (Core Specification 6.0, Vol 3, Part H, 2.2.2). Pure."""

from __future__ import annotations

from adapters.ble.decoders.identity import address_hash

RANDOM_BYTES = 3
RESOLVABLE, KIND_BITS = 0x40, 0xC0
"""The highest two bits of such an address (Vol 6, Part B, 1.3.2.2)."""


def private_address(identity_key: bytes, random: bytes) -> str:
    """The one that belongs to this random part, whose highest bits are replaced."""
    drawn = bytes([random[0] & ~KIND_BITS | RESOLVABLE]) + random[1:RANDOM_BYTES]
    return (drawn + address_hash(identity_key, drawn)).hex(":").upper()
