"""Checksums by the names of catalogues and manuals. Pure."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Callable
from typing import NamedTuple

from fastcrc import crc8, crc16, crc32, crc64

from adapters.serial.checksums import sums


class Algorithm(NamedTuple):
    """How a checksum is calculated, and its size."""

    value: Callable[[bytes], int]
    width_bytes: int


NMEA = "nmea"
"""xor8 of what stands between `$` or `!` and `*`, in two hex digits behind that (NMEA 0183, 5.2.3)."""

ALGORITHMS: dict[str, Algorithm] = {
    "sum8": Algorithm(sums.sum8, 1),
    "sum16": Algorithm(sums.sum16, 2),
    "xor8": Algorithm(sums.xor8, 1),
    "lrc": Algorithm(sums.twos_complement8, 1),
    "ones-complement8": Algorithm(sums.ones_complement8, 1),
    "twos-complement8": Algorithm(sums.twos_complement8, 1),
    "twos-complement16": Algorithm(sums.twos_complement16, 2),
    "fletcher-16": Algorithm(sums.fletcher16, 2),
    "fletcher-16/256": Algorithm(sums.fletcher16_256, 2),
    "fletcher-32": Algorithm(sums.fletcher32, 4),
    "adler-32": Algorithm(zlib.adler32, 4),
    NMEA: Algorithm(sums.xor8, 1),
} | {
    f"crc-{8 * width}/{name.replace('_', '-')}": Algorithm(getattr(module, name), width)
    for module, width in ((crc8, 1), (crc16, 2), (crc32, 4), (crc64, 8))
    for name in sorted(module.algorithms_guaranteed)
}

ALIASES = {
    "sum": "sum8",
    "checksum8": "sum8",
    "xor": "xor8",
    "bcc": "xor8",
    "lrc8": "lrc",
    "twos-complement": "twos-complement8",
    "fletcher16": "fletcher-16",
    "fletcher32": "fletcher-32",
    "ubx": "fletcher-16/256",
    "adler32": "adler-32",
    "crc-8": "crc-8/smbus",
    "crc-8/maxim": "crc-8/maxim-dow",
    "crc-8/dallas": "crc-8/maxim-dow",
    "crc-8/itu": "crc-8/i-432-1",
    "crc-8/ebu": "crc-8/tech-3250",
    "crc-8/aes": "crc-8/tech-3250",
    "crc-16/ccitt-false": "crc-16/ibm-3740",
    "crc-16/ccitt-true": "crc-16/kermit",
    "crc-16/x-25": "crc-16/ibm-sdlc",
    "crc-16/x25": "crc-16/ibm-sdlc",
    "crc-16/hdlc": "crc-16/ibm-sdlc",
    "crc-16/ibm": "crc-16/arc",
    "crc-16/lha": "crc-16/arc",
    "crc-16/zmodem": "crc-16/xmodem",
    "crc-16/acorn": "crc-16/xmodem",
    "crc-16/aug-ccitt": "crc-16/spi-fujitsu",
    "crc-16/maxim": "crc-16/maxim-dow",
    "crc-16/buypass": "crc-16/umts",
    "crc-16/a": "crc-16/iso-iec-14443-3-a",
    "crc-32": "crc-32/iso-hdlc",
    "crc-32/zip": "crc-32/iso-hdlc",
    "crc-32/ethernet": "crc-32/iso-hdlc",
    "crc-32/posix": "crc-32/cksum",
    "crc-32/castagnoli": "crc-32/iscsi",
    "crc-32c": "crc-32/iscsi",
}
"""Other names of the same (Catalogue of parametrised CRC algorithms, reveng.sourceforge.io, and manuals)."""

AMBIGUOUS = {
    "ccitt": "crc-16/ibm-3740 (begins with FFFF), crc-16/xmodem (begins with 0000) or crc-16/kermit (reflected)",
    "crc-16": "crc-16/modbus (begins with FFFF) or crc-16/arc (begins with 0000)",
}
AMBIGUOUS |= {"crc-16/ccitt": AMBIGUOUS["ccitt"], "crc-ccitt": AMBIGUOUS["ccitt"]}
"""What manuals call more than one: the wrong one would refuse every frame."""


def known(name: str) -> str:
    """The name as the catalogue has it; raises ValueError with what is near."""
    asked = _plain(name)
    if asked in AMBIGUOUS:
        raise ValueError(f'"{name}" is the name of more than one: write {AMBIGUOUS[asked]}, as the manual has it')
    if (found := _found(asked)) is not None:
        return found
    several = [found for family in _FAMILIES if (found := _found(f"{family}/{asked}")) is not None]
    if len(several) == 1:
        return several[0]
    if several:
        raise ValueError(f'"{name}" is the name of more than one: write {" or ".join(several)}, as the manual has it')
    near = difflib.get_close_matches(asked, [*ALGORITHMS, *ALIASES], n=3)
    said = f"did you mean {' or '.join(near)}?" if near else f"there are {_OVERVIEW}"
    raise ValueError(f'no checksum is called "{name}": {said}')


def names() -> tuple[str, ...]:
    """All of them, as the catalogue has them."""
    return tuple(ALGORITHMS)


def width_of(name: str) -> int:
    """Bytes of a checksum, by its name as the catalogue has it."""
    return ALGORITHMS[name].width_bytes


def _plain(name: str) -> str:
    """As people write it: `CRC16_MODBUS` is crc-16/modbus."""
    plain = name.strip().lower().replace("_", "-").replace(" ", "-")
    for bits in ("8", "16", "32", "64"):
        plain = plain.replace(f"crc{bits}", f"crc-{bits}")
        if plain.startswith(f"crc-{bits}-"):
            plain = f"crc-{bits}/{plain.removeprefix(f'crc-{bits}-')}"
    return plain


def _found(asked: str) -> str | None:
    return asked if asked in ALGORITHMS else ALIASES.get(asked)


_FAMILIES = ("crc-8", "crc-16", "crc-32", "crc-64")
_OVERVIEW = f"{', '.join(name for name in ALGORITHMS if not name.startswith('crc'))}, and CRCs like crc-16/modbus"
