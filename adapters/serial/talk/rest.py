"""How much of a line's time may go to what does not answer. Pure."""

from __future__ import annotations

from typing import Protocol

DEAD_SHARE = 0.05
"""Of the line's time, for all that is dead together."""


class Dead(Protocol):
    """What is asked in vain; `tried_s`: when last."""

    tried_s: float

    @property
    def silent(self) -> bool:
        """Whether it is dead."""

    def ready(self, now_s: float) -> bool:
        """Whether it has been left alone for long enough."""


class Rest:
    """Whether something dead may be tried, where others want the line, too: the one left alone longest first."""

    def __init__(self) -> None:
        self.polls: list[Dead] = []
        self._until_s = 0.0

    def after(self, cost_s: float) -> float:
        """For how long one that has cost so much is left alone, if it is dead."""
        return self._pause_s(cost_s) * max(1, sum(poll.silent for poll in self.polls))

    def may_try(self, poll: Dead, now_s: float) -> bool:
        """Whether it is its turn."""
        if now_s < self._until_s:
            return False
        ready = (each for each in self.polls if each.silent and each.ready(now_s))
        return min(ready, key=lambda each: each.tried_s, default=None) is poll

    def tried(self, now_s: float, cost_s: float) -> None:
        """Something dead was tried, in vain."""
        self._until_s = now_s + self._pause_s(cost_s)

    def _pause_s(self, cost_s: float) -> float:
        return cost_s / DEAD_SHARE if len(self.polls) > 1 else 0.0
