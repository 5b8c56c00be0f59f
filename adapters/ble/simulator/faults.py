"""What can be wrong with a device, or with the radio that would hear it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from gateway.adapter.faults import SLOW, SOMETIMES, MakeFault, delayed, fault_among, is_met, plain, share_of

FLOOD_S = 0.002
"""Between what a device sends that floods: ten times what any may be expected to."""


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
        return is_met(number, self.loss)


WELL = Fault()


def _losing(text: str, given: str, _timeout_s: float) -> Fault:
    return Fault(text, loss=share_of(given, "its advertisements", SOMETIMES))


KINDS: Mapping[str, MakeFault[Fault]] = {
    "well": plain(WELL),
    "dead": plain(Fault(deaf=True)),
    "out-of-range": plain(Fault(deaf=True, away=True)),
    "slow": delayed(WELL, SLOW),
    "loss": _losing,
    "garbage": plain(Fault(garbage=True)),
    "wrong-key": plain(Fault(wrong_key=True)),
    "replay": plain(Fault(replays=True)),
    "flood": plain(Fault(floods=True)),
    "reject": plain(Fault(rejects=True)),
    "new-address": plain(Fault(moves=True)),
    **{fault: plain(Fault(radio=fault)) for fault in RadioFault},
}
"""By name, in the order in which they are told."""


def fault_of(text: str, timeout_s: float) -> Fault:
    """`dead`, `loss:5%`, `radio-off` and so on; raises ValueError with what there is."""
    return fault_among(KINDS, text, timeout_s)
