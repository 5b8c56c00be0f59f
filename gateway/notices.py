"""How many notices of a device are logged: a device that has much to tell must not fill a disk. Pure."""

from __future__ import annotations

from dataclasses import dataclass

HOUR_S = 3600.0
PER_HOUR = 20
"""Of one device: more is news to nobody."""


@dataclass(slots=True)
class _Told:
    since_s: float
    count: int = 0
    left_out: int = 0


class Notices:
    """A budget for each device; what exceeds it is counted and told with the next one that is logged."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}

    def admit(self, device: str, now_s: float) -> int | None:
        """How many were left out before this one, which may be logged; None: it may not."""
        told = self._told.setdefault(device, _Told(now_s))
        if now_s - told.since_s >= HOUR_S:
            told.since_s, told.count = now_s, 0
        if told.count >= PER_HOUR:
            told.left_out += 1
            return None
        told.count += 1
        left_out, told.left_out = told.left_out, 0
        return left_out
