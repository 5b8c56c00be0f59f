"""How faults of simulated devices are written: `dead`, `late:1500ms`, `loss:5%`. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from gateway.units import parse_duration

SLOW, LATE = 0.5, 1.5
"""Times the device's timeout, where no time is given: surely within it, and surely after it."""
SOMETIMES = 0.2
"""The share where none is given, of what would be nothing but silence if it were all."""

_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)%")


FaultT = TypeVar("FaultT")
NamedT = TypeVar("NamedT", bound=tuple[Any, ...])
"""A NamedTuple with its `text`, as it was given."""

MakeFault = Callable[[str, str, float], FaultT]
"""A fault from its text, what follows its kind there, and the device's timeout in seconds; raises ValueError."""


def fault_among(kinds: Mapping[str, MakeFault[FaultT]], text: str, timeout_s: float) -> FaultT:
    """What a person means; raises ValueError with what there is."""
    kind, _, given = text.strip().partition(":")
    if kind not in kinds:
        raise ValueError(f"there is no fault {kind!r}, but {', '.join(kinds)}")
    return kinds[kind](text.strip(), given.strip(), timeout_s)


def plain(fault: NamedT) -> MakeFault[NamedT]:
    """One that takes nothing."""

    def make(text: str, given: str, _timeout_s: float) -> NamedT:
        if given:
            raise ValueError(f"{text.partition(':')[0]} takes nothing after it")
        return _changed(fault, text=text)

    return make


def delayed(fault: NamedT, share: float) -> MakeFault[NamedT]:
    """One with a time, `after_s`; without it a share of the device's timeout."""

    def make(text: str, given: str, timeout_s: float) -> NamedT:
        return _changed(fault, text=text, after_s=parse_duration(given) if given else share * timeout_s)

    return make


def share_of(given: str, what: str, usual: float) -> float:
    """Of `5%`, above 0, up to 1; `what` it is a share of. Raises ValueError."""
    match = _SHARE.fullmatch(given)
    share = float(match[1]) / 100 if match else 0.0 if given else usual
    if not 0 < share <= 1:
        raise ValueError(f"{given!r} is no share of {what}: write 5%, up to 100%")
    return share


def is_met(number: int, share: float) -> bool:
    """Whether the one of this number, from 0, is among that share: the same ones each time, evenly spread."""
    return int((number + 1) * share) > int(number * share)


def _changed(fault: NamedT, **changes: Any) -> NamedT:
    changed: NamedT = fault._replace(**changes)  # type: ignore[attr-defined]  # no type says that it is a NamedTuple
    return changed
