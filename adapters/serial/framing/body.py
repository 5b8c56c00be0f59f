"""What of a frame is its body. Pure."""

from __future__ import annotations

from adapters.serial.checksums import Seal

ALL = slice(None)


def body_of(head: int, tail: int, seal: Seal | None) -> slice:
    """What stands behind `head` bytes of marks and before `tail` bytes of them, without a checksum at either end."""
    if seal is not None and seal.at < 0 and seal.at + seal.width >= -tail:
        tail = max(tail, seal.mark - seal.at)
    elif seal is not None and 0 <= seal.at <= head:
        head = max(head, seal.at + seal.width)
    return slice(head, -tail or None) if head or tail else ALL
