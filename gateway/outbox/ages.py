"""How old rows are, whatever the wall clock does. Pure: times come in as arguments."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

JUMP_S = 60.0
"""A wall clock that is further off than this since the last look has jumped; slower drift is no matter of days."""

JUMPS = 100
"""Jumps remembered: more than that, over the time that rows are kept, is no clock."""


class Jump(NamedTuple):
    """From this row on, the wall clock was so much ahead of the steady one."""

    row_id: int
    ahead_s: float


class Ages:
    """Turns a row's stamp, which is the wall clock's, into an age on a clock that never jumps.

    Rows of this boot, from the id `boot_from` on, are judged by what the wall clock was ahead of the steady one when
    they were stamped: `noted` is what earlier sessions of this boot know of that. Older rows are judged by the wall
    clock at the opening, carried on by the steady one, if a synchronised clock has stamped them; else their age counts
    from the opening, since nobody knows it. So it does while the wall clock is not `believed`.
    """

    def __init__(
        self,
        session: int,
        wall_s: float,
        steady_s: float,
        *,
        noted: Iterable[Jump] = (),
        boot_from: int | None = None,
        believed: bool = True,
    ) -> None:
        self._session = session
        self._boot_from = boot_from
        self._opened_s = steady_s
        self._true_ahead_s = wall_s - steady_s if believed else None
        self._noted_to = 0
        self.jumps = [*noted] or [Jump(0, wall_s - steady_s)]
        """Oldest first."""

    def believe(self, wall_s: float, steady_s: float) -> None:
        """The wall clock is right from this moment on."""
        self._true_ahead_s = wall_s - steady_s

    def note(self, row_id: int, time_ms: int, steady_s: float) -> None:
        """A row of this session was stamped at this moment of the steady clock; in the order of ids, again or not."""
        if row_id <= self._noted_to:
            return
        self._noted_to = row_id
        ahead_s = time_ms / 1000 - steady_s
        if abs(ahead_s - self.jumps[-1].ahead_s) > JUMP_S:
            self.jumps = [*self.jumps, Jump(row_id, ahead_s)][-JUMPS:]

    def age_s(self, row_id: int, session: int, time_ms: int, steady_s: float, *, unsynced: bool = False) -> float:
        """How long it has waited; less than nothing if its stamp is of the future."""
        if self._is_of_this_boot(row_id, session):
            return steady_s + self._ahead_at(row_id) - time_ms / 1000
        if unsynced or self._true_ahead_s is None:
            return steady_s - self._opened_s
        return steady_s + self._true_ahead_s - time_ms / 1000

    def _is_of_this_boot(self, row_id: int, session: int) -> bool:
        return session == self._session or (self._boot_from is not None and row_id >= self._boot_from)

    def _ahead_at(self, row_id: int) -> float:
        return self.jumps[max(0, bisect_right(self.jumps, row_id, key=_row_id) - 1)].ahead_s


def _row_id(jump: Jump) -> int:
    return jump.row_id
