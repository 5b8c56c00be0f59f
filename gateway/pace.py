"""How fast the backlog may go. Pure: times come in as arguments."""

from __future__ import annotations

BURST_S = 0.1
"""The backlog is paced in bursts of this length: ten wake-ups a second at most."""


class TokenBucket:
    """Lets `rate` things a second pass, in short bursts, and whatever is granted beside."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._burst = 1.0 + rate * BURST_S
        self._credit = self._burst
        self._credited_s = 0.0
        self._granted = 0

    def take(self, wanted: int, now_s: float) -> int:
        """How many of them may pass now."""
        earned = (now_s - self._credited_s) * self._rate
        self._credit = min(self._burst, self._credit + earned)
        self._credited_s = now_s
        granted = min(wanted, self._granted)
        earned_ones = min(wanted - granted, int(self._credit))
        self._granted -= granted
        self._credit -= earned_ones
        return granted + earned_ones

    def grant(self) -> None:
        """One more may pass, whatever the rate."""
        self._granted += 1

    def withdraw(self) -> None:
        """What was granted and not used counts no more."""
        self._granted = 0

    @property
    def rest_s(self) -> float:
        """How long to wait when none may pass."""
        return max(BURST_S, (1.0 - self._credit) / self._rate)
