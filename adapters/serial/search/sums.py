"""By what checksum some frames may be sealed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from adapters.serial.checksums import Checksum, Seal, seal_of

USUAL = (
    "crc-16/modbus", "crc-16/xmodem", "crc-16/ibm-3740", "crc-16/kermit", "crc-16/ibm-sdlc", "crc-16/arc",
    "crc-16/genibus", "crc-16/maxim-dow", "crc-16/usb", "crc-32/iso-hdlc", "crc-32/bzip2", "crc-32/mpeg-2",
    "fletcher-16", "fletcher-16/256", "sum16",
    "xor8", "sum8", "twos-complement8", "ones-complement8", "crc-8/smbus", "crc-8/maxim-dow",
)  # fmt: skip
"""What frames in the field are checked by, the safest first: a short one fits by chance the soonest."""
FIRST = (0, 1, 2)
"""Where they begin: with the frame, or behind one or two bytes of start mark."""
MAX_ODDS = 1e-4
"""That nothing is there and one of all that are tried fits all the same."""
MAX_FRAMES = 16


def checksum_of(frames: Sequence[bytes], trailer: int | None = None) -> Checksum | None:
    """What ends all of these; None where nothing does, or too few differ to tell. `trailer`: it takes so many bytes."""
    different = list(dict.fromkeys(frames))[:MAX_FRAMES]
    tried = _tried()
    for checksum, seal, bits in tried:
        odds = len(tried) * 2.0 ** (-bits * len(different))
        if trailer in (None, checksum.width) and odds <= MAX_ODDS and all(map(seal.good, different)):
            return checksum
    return None


class _Tried(NamedTuple):
    checksum: Checksum
    seal: Seal
    bits: int


@cache
def _tried() -> tuple[_Tried, ...]:
    tried = []
    for checksum in _usual():
        seal = seal_of(checksum)
        assert seal is not None
        tried.append(_Tried(checksum, seal, checksum.width * (4 if checksum.encoding == "hex" else 8)))
    return tuple(tried)


def _usual() -> Iterator[Checksum]:
    for kind in USUAL:
        for encoding in ("binary", "hex"):
            for endian in ("big", "little"):
                for first in FIRST:
                    given = {"type": kind, "encoding": encoding, "endian": endian, "first": first}
                    checksum = Checksum.model_validate({name: value for name, value in given.items() if value})
                    if endian == "big" or checksum.width // (2 if encoding == "hex" else 1) > 1:
                        yield checksum
