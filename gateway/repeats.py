"""A fault that repeats is told once and then counted. Pure: time comes in as an argument."""

from __future__ import annotations

from collections.abc import Hashable

REPEAT_S = 600.0
"""A fault that stays the same is told again, with its count, this often."""

KEYS = 256
"""Different faults remembered; with more the oldest is told afresh."""


class Repeats:
    """Which faults have been told, and how often each came since."""

    def __init__(self) -> None:
        self._told: dict[Hashable, tuple[float, int]] = {}

    def tell(self, fault: Hashable, now_s: float) -> int | None:
        """How often it came untold if it is to be told now, else None; `now_s` never jumps."""
        told_s, untold = self._told.get(fault, (None, 0))
        if told_s is not None and now_s - told_s < REPEAT_S:
            self._told[fault] = (told_s, untold + 1)
            return None
        if len(self._told) >= KEYS:
            self._told.pop(next(iter(self._told)))
        self._told[fault] = (now_s, 0)
        return untold

    def forget(self) -> int:
        """It is mended: the next fault is told at once. Returns how many came untold."""
        untold = sum(count for _, count in self._told.values())
        self._told.clear()
        return untold
