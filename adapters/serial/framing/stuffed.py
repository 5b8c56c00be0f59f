"""Packets in which the byte that ends them is written in another way: SLIP, COBS, and flags as HDLC has them. Pure."""

from __future__ import annotations

from collections.abc import Callable

from typing_extensions import override

from adapters.serial.checksums import Seal
from adapters.serial.framing.body import body_of
from adapters.serial.framing.delimited import DelimitedFramer
from adapters.serial.framing.frame import Frame

SLIP_END, SLIP_ESC = b"\xc0", b"\xdb"
_SLIP_END_WITHIN, _SLIP_ESC_WITHIN = b"\xdb\xdc", b"\xdb\xdd"
"""RFC 1055: what stands for END and for ESC."""
COBS_END = b"\0"
COBS_RUN = 254
"""The longest run without a zero that one code byte can tell (Cheshire and Baker, 1999, table 1)."""


class StuffedFramer(DelimitedFramer):
    """`plain` gives what was packed, None if it was damaged; `packed` packs it, without `end`.

    `opened`: an end byte stands before each packet, too, and both belong to the frame.
    """

    def __init__(
        self,
        end: bytes,
        plain: Callable[[bytes], bytes | None],
        packed: Callable[[bytes], bytes],
        *,
        max_bytes: int,
        longest: int,
        seal: Seal | None = None,
        gap_s: float | None = None,
        opened: bool = False,
    ) -> None:
        super().__init__([end], longest, gap_s, seal=seal, opened=opened)
        self._end = end
        self._plain = plain
        self._packed = packed
        self._max_bytes = max_bytes
        self._around = end if opened else b""
        self._body = body_of(len(self._around), len(self._around), seal)

    @override
    def _frames(self, parts: list[bytes]) -> list[Frame]:
        frames = []
        seal, around = self._seal, self._around
        for part in parts:
            if not part:
                continue
            plain = self._plain(part) if len(part) <= self._most_bytes else part
            if plain is None:
                self._lost(part)
                continue
            data = around + plain + around
            if len(data) > self._max_bytes:
                self._lost(part, long=True)
            elif seal is None or seal.good(data):
                frames.append(Frame(data, data[self._body]))
            else:
                self._lost(part, bad=True)
        return frames

    @override
    def wrap(self, data: bytes, *, sealed: bool = False) -> bytes:
        whole = self._around + data
        if self._seal is not None and not sealed:
            whole += self._seal.seal(whole)
        return self._around + self._packed(whole[len(self._around) :]) + self._end


def slip(max_bytes: int, seal: Seal | None, gap_s: float | None) -> StuffedFramer:
    """RFC 1055."""
    return StuffedFramer(
        SLIP_END, slip_plain, slip_packed, max_bytes=max_bytes, longest=2 * max_bytes, seal=seal, gap_s=gap_s
    )


def slip_plain(packed: bytes) -> bytes | None:
    """None where ESC stands before what RFC 1055 does not have behind it."""
    if SLIP_ESC not in packed:
        return packed
    escaped = packed.count(_SLIP_END_WITHIN) + packed.count(_SLIP_ESC_WITHIN)
    if packed.count(SLIP_ESC) != escaped:
        return None
    return packed.replace(_SLIP_END_WITHIN, SLIP_END).replace(_SLIP_ESC_WITHIN, SLIP_ESC)


def slip_packed(plain: bytes) -> bytes:
    """As RFC 1055 has it, without END."""
    return plain.replace(SLIP_ESC, _SLIP_ESC_WITHIN).replace(SLIP_END, _SLIP_END_WITHIN)


def cobs(max_bytes: int, seal: Seal | None, gap_s: float | None) -> StuffedFramer:
    """A zero ends each packet."""
    longest = max_bytes + max_bytes // COBS_RUN + 1
    return StuffedFramer(
        COBS_END, cobs_plain, cobs_packed, max_bytes=max_bytes, longest=longest, seal=seal, gap_s=gap_s
    )


def cobs_plain(packed: bytes) -> bytes | None:
    """None where the last run is not complete."""
    runs = []
    at, size = 0, len(packed)
    while at < size:
        code = packed[at]
        after = at + code
        if after > size:
            return None
        runs.append(packed[at + 1 : after])
        if code <= COBS_RUN and after < size:
            runs.append(b"\0")
        at = after
    return b"".join(runs)


def cobs_packed(plain: bytes) -> bytes:
    """Without the zero that ends it."""
    coded = []
    runs = plain.split(b"\0")
    for number, run in enumerate(runs, 1):
        at = 0
        while len(run) - at >= COBS_RUN:
            coded += [b"\xff", run[at : at + COBS_RUN]]
            at += COBS_RUN
        if at < len(run) or not run or number < len(runs):
            coded += [bytes([len(run) - at + 1]), run[at:]]
    return b"".join(coded)
