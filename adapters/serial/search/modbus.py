"""Whether it is Modbus RTU that was heard, which has an adapter of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.serial.checksums import Checksum, seal_of

MIN_FRAMES = 2
"""Whose CRC is right: by chance that is one in four billion."""
SHORTEST = 5
READS = frozenset({1, 2, 3, 4})
WRITES = frozenset({5, 6, 15, 16})
"""Function codes (MODBUS Application Protocol V1.1b3, 6)."""
REQUEST_BYTES = 8
"""Of a read, of a write of one, and of the answer to a write."""

_SEAL = seal_of(Checksum.model_validate({"type": "crc-16/modbus", "endian": "little"}))
assert _SEAL is not None
_is_good = _SEAL.good


def rtu_frames(data: bytes) -> list[bytes]:
    """Requests and answers that were found; too few to be sure of are none."""
    frames, at = list[bytes](), 0
    while at + SHORTEST <= len(data):
        frame = next((each for each in _possible(data, at) if _is_good(each)), b"")
        if frame:
            frames.append(frame)
        at += len(frame) or 1
    return frames if len(frames) >= MIN_FRAMES else []


def _possible(data: bytes, at: int) -> Iterator[bytes]:
    """What may be a frame there."""
    unit, function, count = data[at : at + 3]
    if not 1 <= unit <= 247:
        return
    sizes = [SHORTEST] if function & 0x80 else []
    if function in READS:
        sizes = [count + SHORTEST, REQUEST_BYTES]
    elif function in WRITES:
        sizes = [REQUEST_BYTES, data[at + 6] + 9] if at + 6 < len(data) else []
    for size in sizes:
        if at + size <= len(data):
            yield data[at : at + size]
