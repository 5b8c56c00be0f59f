"""How long to leave alone what does not answer. Pure."""

from __future__ import annotations

DEAD_AFTER_FAILURES = 3
"""In a row; one lost reply is no dead device."""
DEAD_AFTER_S = 1.0
"""And for so long: a fast poll fails three times within a hiccup."""
PAUSE_MIN_S = 1.0
PAUSE_MAX_S = 30.0
"""Someone who mends a device sees it return within this."""


class Patience:
    """Counts failures in a row; once something is dead, tries are spaced by pauses that grow up to `pause_max_s`."""

    __slots__ = ("_pause_max_s", "_pause_s", "_resume_s", "_since_s", "failures")

    def __init__(self, pause_max_s: float = PAUSE_MAX_S) -> None:
        self.failures = 0
        self._pause_max_s = pause_max_s
        self._since_s = self._resume_s = self._pause_s = 0.0

    @property
    def dead(self) -> bool:
        """Whether pauses have begun."""
        return self._pause_s > 0

    def failed(self, now_s: float, cost_s: float, rest_s: float = 0.0) -> None:
        """A try that took `cost_s` brought nothing; once dead, the next is not before `rest_s` are over."""
        self.failures += 1
        if self.failures == 1:
            self._since_s = now_s - cost_s
        if self.failures >= DEAD_AFTER_FAILURES and now_s - self._since_s >= DEAD_AFTER_S:
            self._pause_s = min(self._pause_max_s, 2 * self._pause_s or PAUSE_MIN_S)
            self._resume_s = now_s + max(self._pause_s, rest_s)

    def answered(self) -> None:
        """All is forgotten."""
        self.failures = 0
        self._resume_s = self._pause_s = 0.0

    def ready(self, now_s: float) -> bool:
        """Whether it may be tried."""
        return now_s >= self._resume_s
