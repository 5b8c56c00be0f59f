"""How long a radio may hear nothing before something is done about it. Pure."""

from __future__ import annotations

SURE_S = 20.0
"""At least: radios pause, and so do people with microwave ovens."""
TIMES = 20.0
"""So many times the longest pause so far is no pause any more."""
ENOUGH = 100
"""Advertisements after which the longest pause means something."""


class Patience:
    """Of one radio; times are seconds of one clock, and never fall."""

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._last_s: float | None = None
        self._longest_s = 0.0
        self._heard = 0

    def heard(self, count: int, now_s: float) -> None:
        """So many advertisements since the last time."""
        if self._last_s is not None:
            self._longest_s = max(self._longest_s, now_s - self._last_s)
        self._last_s = now_s
        self._heard += count

    @property
    def limit_s(self) -> float:
        """Longer is no pause: `silence`, or less where there has been no pause of that kind."""
        if self._heard < ENOUGH:
            return self._silence_s
        return min(self._silence_s, max(SURE_S, TIMES * self._longest_s))

    def silent_s(self, now_s: float) -> float:
        """Since the last one; 0 as long as there was none at all."""
        return 0.0 if self._last_s is None else now_s - self._last_s
