"""Encryption as sensors do it: AES-CCM, whose check is shorter than elsewhere. Pure."""

from __future__ import annotations

from Cryptodome.Cipher import AES

CHECK_BYTES = 4
"""Of BTHome, MiBeacon and pvvx alike."""


def sealed(key: bytes, nonce: bytes, plain: bytes, beside: bytes = b"") -> tuple[bytes, bytes]:
    """The cipher text, and the check over it and what stands `beside` it."""
    cipher = AES.new(key, AES.MODE_CCM, nonce=nonce, mac_len=CHECK_BYTES)
    cipher.update(beside)
    return cipher.encrypt_and_digest(plain)
