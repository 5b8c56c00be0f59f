"""What can be wrong with a device: how it answers instead of rightly and at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from gateway.units import parse_duration

NOISE = b"\x00\xff\x5a\x00"
"""Bytes as a line without its terminating resistors makes them."""
AGAIN_S = 0.05
"""Between an answer and its repetition: soon enough to meet the next request."""
SLOW, LATE = 0.5, 1.5
"""Times the device's timeout, where no time is given: surely within it, and surely after it."""
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


def _refusing(text: str, given: str, _timeout_s: float) -> Fault:
    code = int(given) if given.isascii() and given.isdigit() else 0 if given else DEVICE_FAILURE
    if not 1 <= code <= MAX_EXCEPTION:
        raise ValueError(f"{given!r} is no exception code: 1 to {MAX_EXCEPTION}, as in exception:2")
    return Fault(text, exception=code)


KINDS: Mapping[str, Make] = {
    "well": _plain(WELL),
    "dead": _plain(Fault(silent=True)),
    "slow": _delayed(SLOW),
    "late": _delayed(LATE),
    "exception": _refusing,
    "noise": _plain(Fault(noise=NOISE)),
    "half": _plain(Fault(half=True)),
    "twice": _plain(Fault(twice=True)),
    "wrong-unit": _plain(Fault(other_unit=True)),
    "hang-up": _plain(Fault(hangs_up=True)),
}
"""By name, in the order in which they are told."""


def fault_of(text: str, timeout_s: float) -> Fault:
    """`dead`, `late:1500ms`, `exception:2` and so on; raises ValueError with what there is."""
    kind, _, given = text.strip().partition(":")
    if kind not in KINDS:
        raise ValueError(f"there is no fault {kind!r}, but {', '.join(KINDS)}")
    return KINDS[kind](text.strip(), given.strip(), timeout_s)
