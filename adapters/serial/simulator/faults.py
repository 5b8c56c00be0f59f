"""What can be wrong with a device: how it speaks instead of rightly and at once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.adapter.faults import LATE, SLOW, SOMETIMES, MakeFault, delayed, fault_among, is_met, plain, share_of

NOISE = b"\x00\xff\x5a\x00"
"""Bytes as a line without its terminating resistors makes them."""
AGAIN_S = 0.05
"""Between a frame and its repetition: soon enough to meet the next question."""


class Said(NamedTuple):
    """Something on the wire, so many seconds from now; between pieces there is a pause."""

    after_s: float
    pieces: tuple[bytes, ...]


class Fault(NamedTuple):
    """All that differs from the right answer; the first word of `text` is its kind.

    `mute`: it hears and obeys, but says nothing. `share`: of its frames, that are spoilt. `refusal`: the code of the
    error that it names; "" where it names one without.
    """

    text: str = "well"
    deaf: bool = False
    mute: bool = False
    after_s: float = 0.0
    share: float = 1.0
    noise: bytes = b""
    pieces: bool = False
    loses: bool = False
    half: bool = False
    twice: bool = False
    wrong_checksum: bool = False
    other_address: bool = False
    refusal: str | None = None
    hangs_up: bool = False

    def meets(self, number: int) -> bool:
        """Whether it spoils the frame of this number, from 0: the same ones each time, evenly spread."""
        return is_met(number, self.share)

    def said(self, frame: bytes, number: int) -> tuple[Said, ...]:
        """What goes on the wire instead of this frame, its number from 0."""
        if self.mute or self.hangs_up:
            return ()
        if not self.meets(number):
            return (Said(self.after_s, (frame,)),)
        data = self._spoilt(frame, number)
        pieces = tuple(data[at : at + 1] for at in range(len(data))) if self.pieces else (data,)
        once = Said(self.after_s, pieces)
        return (once, Said(self.after_s + AGAIN_S, pieces)) if self.twice else (once,)

    def _spoilt(self, frame: bytes, number: int) -> bytes:
        if self.half:
            frame = frame[: len(frame) // 2]
        if self.loses:  # a different one each time
            at = number % len(frame)
            frame = frame[:at] + frame[at + 1 :]
        return self.noise + frame + self.noise


WELL = Fault()
DEAD = Fault(deaf=True, mute=True)


def _shared(fault: Fault) -> MakeFault[Fault]:
    def make(text: str, given: str, _timeout_s: float) -> Fault:
        return fault._replace(text=text, share=share_of(given, "its frames", fault.share))

    return make


def _refusing(text: str, given: str, _timeout_s: float) -> Fault:
    return Fault(text, refusal=given)


KINDS: Mapping[str, MakeFault[Fault]] = {
    "well": plain(WELL),
    "dead": plain(DEAD),
    "silence": plain(Fault(mute=True)),
    "slow": delayed(WELL, SLOW),
    "late": delayed(WELL, LATE),
    "refuse": _refusing,
    "noise": _shared(Fault(noise=NOISE)),
    "split": _shared(Fault(pieces=True)),
    "loss": _shared(Fault(loses=True, share=SOMETIMES)),
    "checksum": _shared(Fault(wrong_checksum=True)),
    "half": _shared(Fault(half=True)),
    "twice": _shared(Fault(twice=True)),
    "wrong-address": _shared(Fault(other_address=True)),
    "hang-up": plain(Fault(hangs_up=True)),
}
"""By name, in the order in which they are told."""


def fault_of(text: str, timeout_s: float) -> Fault:
    """`dead`, `late:1500ms`, `noise:5%`, `refuse:2` and so on; raises ValueError with what there is."""
    return fault_among(KINDS, text, timeout_s)
