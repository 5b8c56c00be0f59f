"""How old rows are, whatever the wall clock does. Pure: times come in as arguments."""

from __future__ import annotations

from bisect import bisect_right

JUMP_S = 60.0
"""A wall clock that is further off than this since the last look has jumped; slower drift is no matter of days."""

JUMPS = 100
"""Jumps remembered: more than that, over the time that rows are kept, is no clock."""


class Ages:
    """Turns a row's stamp, which is the wall clock's, into an age on a clock that never jumps.

    Rows of this session are judged by what the wall clock was ahead of the steady one when they were stamped;
    those of earlier sessions by the wall clock at the opening, carried on by the steady one.
    """

    def __init__(self, session: int, wall_s: float, steady_s: float) -> None:
        self._session = session
        self._opened_ahead_s = wall_s - steady_s
        self._noted_to = 0
        self._ids = [0]
        self._ahead_s = [self._opened_ahead_s]

    def note(self, row_id: int, time_ms: int, steady_s: float) -> None:
        """A row of this session was stamped at this moment of the steady clock; in the order of ids, again or not."""
        if row_id <= self._noted_to:
            return
        self._noted_to = row_id
        ahead_s = time_ms / 1000 - steady_s
        if abs(ahead_s - self._ahead_s[-1]) <= JUMP_S:
            return
        self._ids.append(row_id)
        self._ahead_s.append(ahead_s)
        if len(self._ids) > JUMPS:
            del self._ids[0], self._ahead_s[0]

    def age_s(self, row_id: int, session: int, time_ms: int, steady_s: float) -> float:
        """How long it has waited; less than nothing if its stamp is of the future."""
        ahead_s = self._opened_ahead_s if session != self._session else self._ahead_at(row_id)
        return steady_s + ahead_s - time_ms / 1000

    def _ahead_at(self, row_id: int) -> float:
        return self._ahead_s[max(0, bisect_right(self._ids, row_id) - 1)]
