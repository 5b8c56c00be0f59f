"""Whose a private address is: devices that change theirs are known by their identity key. Pure."""

from __future__ import annotations

from functools import lru_cache

from adapters.ble.decoders.crypto import block_cipher

HASH_BYTES = 3
RANDOM_BITS, RESOLVABLE = 6, 0b01
"""The two highest bits of an address that a key resolves (Core Specification 6.0, Vol 6, Part B, 1.3.2.2)."""
ADDRESSES = 4096
"""So many are not asked twice: a device has one for a quarter of an hour, and some hundred are around."""


@lru_cache(maxsize=ADDRESSES)
def resolves(identity_key: bytes, address: str) -> bool:
    """Whether the owner of this key, most significant byte first, made this address.

    One stranger's address in 16 million passes by chance. Raises ImportError where the ble extra is missing.
    """
    given = bytes.fromhex(address.replace(":", ""))
    random, hash_ = given[:-HASH_BYTES], given[-HASH_BYTES:]
    if random[0] >> RANDOM_BITS != RESOLVABLE:
        return False
    return address_hash(identity_key, random) == hash_


def address_hash(key: bytes, random: bytes) -> bytes:
    """The function `ah` (Core Specification 6.0, Vol 3, Part H, 2.2.2), most significant byte first."""
    return block_cipher(key)(random.rjust(16, b"\0"))[-HASH_BYTES:]
