"""What can be wrong with a device: how it answers instead of rightly and at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.adapter.faults import LATE, SLOW, MakeFault, delayed, fault_among, plain

NOISE = b"\x00\xff\x5a\x00"
"""Bytes as a line without its terminating resistors makes them."""
AGAIN_S = 0.05
"""Between an answer and its repetition: soon enough to meet the next request."""
DEVICE_FAILURE = 4
"""Server device failure (MODBUS Application Protocol V1.1b3, 7)."""
MAX_EXCEPTION = 255


class Fault(NamedTuple):
    """All that differs from the right answer; the first word of `text` is its kind."""

    text: str = "well"
    silent: bool = False
    after_s: float = 0.0
    exception: int = 0
    other_unit: bool = False
    noise: bytes = b""
    half: bool = False
    twice: bool = False
    hangs_up: bool = False

    def said(self, frame: bytes) -> tuple[tuple[float, bytes], ...]:
        """What goes on the wire instead of this frame, each with the seconds after the request."""
        if self.silent or self.hangs_up:
            return ()
        data = self.noise + (frame[: len(frame) // 2] if self.half else frame) + self.noise
        once = (self.after_s, data)
        return (once, (self.after_s + AGAIN_S, data)) if self.twice else (once,)


WELL = Fault()


def _refusing(text: str, given: str, _timeout_s: float) -> Fault:
    code = int(given) if given.isascii() and given.isdigit() else 0 if given else DEVICE_FAILURE
    if not 1 <= code <= MAX_EXCEPTION:
        raise ValueError(f"{given!r} is no exception code: 1 to {MAX_EXCEPTION}, as in exception:2")
    return Fault(text, exception=code)


KINDS: Mapping[str, MakeFault[Fault]] = {
    "well": plain(WELL),
    "dead": plain(Fault(silent=True)),
    "slow": delayed(WELL, SLOW),
    "late": delayed(WELL, LATE),
    "exception": _refusing,
    "noise": plain(Fault(noise=NOISE)),
    "half": plain(Fault(half=True)),
    "twice": plain(Fault(twice=True)),
    "wrong-unit": plain(Fault(other_unit=True)),
    "hang-up": plain(Fault(hangs_up=True)),
}
"""By name, in the order in which they are told."""


def fault_of(text: str, timeout_s: float) -> Fault:
    """`dead`, `late:1500ms`, `exception:2` and so on; raises ValueError with what there is."""
    return fault_among(KINDS, text, timeout_s)
