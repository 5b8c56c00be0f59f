"""How long a radio may hear nothing before something is done about it. Pure."""

from __future__ import annotations

import math

SURE_S = 20.0
"""At least: radios pause, and so do people with microwave ovens."""
TIMES = 20.0
"""So many times the longest pause so far is no pause any more."""
ENOUGH = 100
"""Advertisements after which the longest pause means something."""
AGAIN = 0.5
"""Of that time for a scan that was begun anew: so much was heard in it before."""
MOST_S = 600.0
"""Between remedies that do not help, where there are signs that the radio is well: its devices are only gone."""


class Patience:
    """Of one radio; times are seconds of one clock, and never fall. `hears_all`: not only what changes."""

    def __init__(self, silence_s: float, *, hears_all: bool = True) -> None:
        self._silence_s = silence_s
        self._hears_all = hears_all
        self._begun_s = 0.0
        self._last_s: float | None = None
        self._longest_s = 0.0
        self._heard = 0

    def begun(self, now_s: float) -> None:
        """A scan begins: what was before it is no pause."""
        self._begun_s = now_s

    def listened_s(self, now_s: float) -> float:
        """Since this scan began."""
        return now_s - self._begun_s

    def heard(self, count: int, now_s: float) -> None:
        """So many advertisements since the last time."""
        self._longest_s = max(self._longest_s, self._quiet_s(now_s))
        self._last_s = now_s
        self._heard += count

    @property
    def limit_s(self) -> float:
        """Longer is no pause: `silence`, or less where there has been no pause of that kind."""
        if not self._hears_all:
            return math.inf if self._heard < ENOUGH else max(self._silence_s, TIMES * self._longest_s)
        if self._heard < ENOUGH:
            return self._silence_s
        return min(self._silence_s, max(SURE_S, TIMES * self._longest_s))

    def silent_s(self, now_s: float) -> float:
        """Since the last one; 0 as long as there was none at all."""
        return 0.0 if self._last_s is None else now_s - self._last_s

    def is_over(self, now_s: float, remedies: int = 0) -> bool:
        """Whether something is to be done, after so many things that did not help."""
        share = 1.0 if not remedies else AGAIN * 2.0 ** (remedies - 1)
        return self._quiet_s(now_s) > min(share * self.limit_s, max(MOST_S, self.limit_s))

    def _quiet_s(self, now_s: float) -> float:
        """Since the last one, as far as somebody listened."""
        return 0.0 if self._last_s is None else now_s - max(self._last_s, self._begun_s)
