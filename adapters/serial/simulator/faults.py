"""What can be wrong with a device: how it speaks instead of rightly and at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.units import parse_duration

NOISE = b"\x00\xff\x5a\x00"
"""Bytes as a line without its terminating resistors makes them."""
AGAIN_S = 0.05
"""Between a frame and its repetition: soon enough to meet the next question."""
SLOW, LATE = 0.5, 1.5
"""Times the device's timeout, where no time is given: surely within it, and surely after it."""
SOMETIMES = 0.2
"""The share of frames where none is given, of what would be nothing but silence if it were all."""

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%")


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
        return int((number + 1) * self.share) > int(number * self.share)

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

Make = Callable[[str, str, float], Fault]
"""A fault from its text, what follows its kind there, and the device's timeout in seconds; raises ValueError."""


def _plain(fault: Fault) -> Make:
    def make(text: str, given: str, _timeout_s: float) -> Fault:
        if given:
            raise ValueError(f"{text.partition(':')[0]} takes nothing after it")
        return fault._replace(text=text)

    return make


def _delayed(share: float) -> Make:
    def make(text: str, given: str, timeout_s: float) -> Fault:
        return Fault(text, after_s=parse_duration(given) if given else share * timeout_s)

    return make


def _shared(fault: Fault) -> Make:
    def make(text: str, given: str, _timeout_s: float) -> Fault:
        return fault._replace(text=text, share=_share(given) if given else fault.share)

    return make


def _share(given: str) -> float:
    match = _SHARE.fullmatch(given)
    share = float(match[1]) / 100 if match else 0.0
    if not 0 < share <= 1:
        raise ValueError(f"{given!r} is no share of its frames: write 5%, up to 100%")
    return share


def _refusing(text: str, given: str, _timeout_s: float) -> Fault:
    return Fault(text, refusal=given)


KINDS: Mapping[str, Make] = {
    "well": _plain(WELL),
    "dead": _plain(DEAD),
    "silence": _plain(Fault(mute=True)),
    "slow": _delayed(SLOW),
    "late": _delayed(LATE),
    "refuse": _refusing,
    "noise": _shared(Fault(noise=NOISE)),
    "split": _shared(Fault(pieces=True)),
    "loss": _shared(Fault(loses=True, share=SOMETIMES)),
    "checksum": _shared(Fault(wrong_checksum=True)),
    "half": _shared(Fault(half=True)),
    "twice": _shared(Fault(twice=True)),
    "wrong-address": _shared(Fault(other_address=True)),
    "hang-up": _plain(Fault(hangs_up=True)),
}
"""By name, in the order in which they are told."""


def fault_of(text: str, timeout_s: float) -> Fault:
    """`dead`, `late:1500ms`, `noise:5%`, `refuse:2` and so on; raises ValueError with what there is."""
    kind, _, given = text.strip().partition(":")
    if kind not in KINDS:
        raise ValueError(f"there is no fault {kind!r}, but {', '.join(KINDS)}")
    return KINDS[kind](text.strip(), given.strip(), timeout_s)
