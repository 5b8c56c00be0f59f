"""Texts of a fixed size on the wire: characters with padding behind them, and bytes as hexadecimal digits. Pure."""

from __future__ import annotations

END = b"\0"
"""Ends a text that does not fill its room; what a device has left behind it is none of the text's (C, SunSpec)."""
PADDING = b" "
"""What other devices fill the rest with."""


def read_text(data: bytes, encoding: str) -> str:
    """Its characters, without the padding behind them; UnicodeError when they are none."""
    return data.partition(END)[0].rstrip(PADDING).decode(encoding)


def write_text(text: str, encoding: str, size: int) -> bytes:
    """With NULs behind it; ValueError with a sentence when it can't be written so that it reads the same."""
    try:
        data = text.encode(encoding).rstrip(PADDING)
    except UnicodeError:
        raise ValueError(f"it has characters that {encoding} does not have") from None
    if END in data:
        raise ValueError("it has a NUL in it, which would end it")
    if len(data) > size:
        raise ValueError(f"it takes {len(data)} bytes, but there is room for {size}")
    return data.ljust(size, END)


def write_hex(text: str, size: int) -> bytes:
    """Two digits a byte and nothing else; ValueError with a sentence otherwise."""
    if len(text) != 2 * size or not all(digit in "0123456789abcdefABCDEF" for digit in text):
        raise ValueError(f"it must be {2 * size} hexadecimal digits, two for each byte")
    return bytes.fromhex(text)
