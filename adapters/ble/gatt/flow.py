"""How much of what comes by itself is let through: all as long as it is not too much, then the newest. Pure."""

from __future__ import annotations

BURST_S = 1.0
"""What comes within so long may come at once."""


class Flow:
    """At most `rate` in a second; times are seconds of one clock."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._most = max(1.0, rate * BURST_S)
        self._left = self._most
        self._at_s = 0.0

    def passes(self, now_s: float) -> bool:
        """Whether one more may come now; then it has."""
        self._fill(now_s)
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def wait_s(self, now_s: float) -> float:
        """Until the next one may."""
        self._fill(now_s)
        return max(0.0, 1 - self._left) / self._rate

    def _fill(self, now_s: float) -> None:
        self._left = min(self._most, self._left + max(0.0, now_s - self._at_s) * self._rate)
        self._at_s = now_s
