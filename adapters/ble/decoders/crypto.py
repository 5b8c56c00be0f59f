"""AES as Bluetooth devices use it, by pycryptodomex: imported when a key is there, as it belongs to an extra. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

KEY_BYTES = 16
MARK_BYTES = 3
"""As the key check values of banks have (ANSI X9.24-1)."""

Opener = Callable[[bytes, bytes, bytes, bytes], bytes | None]
"""What is sealed, of (nonce, sealed, tag, header); None: not with this key, or not all of it is as it was sent."""


def opener(key: bytes) -> Opener:
    """Opens what AES-CCM has sealed (RFC 3610). A key that is not 16 bytes long opens nothing."""
    if len(key) != KEY_BYTES:
        return lambda _nonce, _sealed, _tag, _header: None
    from Cryptodome.Cipher import AES  # noqa: PLC0415  # the ble extra

    def open_(nonce: bytes, sealed: bytes, tag: bytes, header: bytes) -> bytes | None:
        cipher = AES.new(key, AES.MODE_CCM, nonce=nonce, mac_len=len(tag))
        if header:
            cipher.update(header)
        try:
            clear: bytes = cipher.decrypt_and_verify(sealed, tag)
        except ValueError:
            return None
        return clear

    return open_


@lru_cache(maxsize=64)
def block_cipher(key: bytes) -> Callable[[bytes], bytes]:
    """AES-128 of one block of 16 bytes (FIPS 197); by key, as each is asked for every address that is heard."""
    from Cryptodome.Cipher import AES  # noqa: PLC0415  # the ble extra

    return AES.new(key, AES.MODE_ECB).encrypt


def key_mark(key: bytes) -> int:
    """Three bytes by which a key is known again, and which do not tell it: AES of nothing but zeros."""
    return int.from_bytes(block_cipher(key)(bytes(16))[:MARK_BYTES], "big")
