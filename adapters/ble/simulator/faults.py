"""What can be wrong with a device, or with the radio that would hear it. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from gateway.units import parse_duration

SLOW = 0.5
"""Times the device's timeout, where no time is given: surely within it."""
SOMETIMES = 0.2
"""The share of advertisements that are lost where none is given."""
FLOOD_S = 0.002
"""Between what a device sends that floods: ten times what any may be expected to."""

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%")


class RadioFault(StrEnum):
    """What is wrong with all devices at once."""

    OFF = "radio-off"
    GONE = "radio-gone"
    RESTART = "bluez-restart"
    BUS = "bus-gone"
    STUCK = "stuck-scan"


class Fault(NamedTuple):
    """All that differs from what is right; `text`: as it was given.

    `deaf`: it neither advertises nor lets anybody connect. `away`: likewise, and whoever is connected loses it.
    `loss`: the share of advertisements that nobody hears. `after_s`: how long it takes to answer.
    """

    text: str = "well"
    deaf: bool = False
    away: bool = False
    after_s: float = 0.0
    loss: float = 0.0
    garbage: bool = False
    wrong_key: bool = False
    replays: bool = False
    floods: bool = False
    rejects: bool = False
    moves: bool = False
    radio: RadioFault | None = None

    def loses(self, number: int) -> bool:
        """Whether nobody hears the advertisement of this number, from 0: the same ones each time, evenly spread."""
        return int((number + 1) * self.loss) > int(number * self.loss)


WELL = Fault()

Make = Callable[[str, str, float], Fault]
"""A fault from its text, what follows its kind there, and the device's timeout in seconds; raises ValueError."""


def _plain(fault: Fault) -> Make:
    def make(text: str, given: str, _timeout_s: float) -> Fault:
        if given:
            raise ValueError(f"{text.partition(':')[0]} takes nothing after it")
        return fault._replace(text=text)

    return make


def _delayed(text: str, given: str, timeout_s: float) -> Fault:
    return Fault(text, after_s=parse_duration(given) if given else SLOW * timeout_s)


def _losing(text: str, given: str, _timeout_s: float) -> Fault:
    match = _SHARE.fullmatch(given)
    share = float(match[1]) / 100 if match else 0.0 if given else SOMETIMES
    if not 0 < share <= 1:
        raise ValueError(f"{given!r} is no share of its advertisements: write 5%, up to 100%")
    return Fault(text, loss=share)


KINDS: Mapping[str, Make] = {
    "well": _plain(WELL),
    "dead": _plain(Fault(deaf=True)),
    "out-of-range": _plain(Fault(deaf=True, away=True)),
    "slow": _delayed,
    "loss": _losing,
    "garbage": _plain(Fault(garbage=True)),
    "wrong-key": _plain(Fault(wrong_key=True)),
    "replay": _plain(Fault(replays=True)),
    "flood": _plain(Fault(floods=True)),
    "reject": _plain(Fault(rejects=True)),
    "new-address": _plain(Fault(moves=True)),
    **{fault: _plain(Fault(radio=fault)) for fault in RadioFault},
}
"""By name, in the order in which they are told."""


def fault_of(text: str, timeout_s: float) -> Fault:
    """`dead`, `loss:5%`, `radio-off` and so on; raises ValueError with what there is."""
    kind, _, given = text.strip().partition(":")
    if kind not in KINDS:
        raise ValueError(f"there is no fault {kind!r}, but {', '.join(KINDS)}")
    return KINDS[kind](text.strip(), given.strip(), timeout_s)
