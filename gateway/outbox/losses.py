"""What was dropped and has not been told yet. Pure: time comes in as an argument."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from gateway.model import Gap, GapReason

GAP_PERIOD_S = 60.0
"""Losses of one reason are told this often at most: in a full outbox a gap costs the room of readings."""


class Move(NamedTuple):
    """The clock was set by `shift_ms` a moment before `now_ms`: what has a lower `seq` was stamped before that."""

    shift_ms: int
    now_ms: int
    before_seq: int

    def applied(self, gap: Gap) -> Gap:
        """A gap of that time as the clock has it now, if it is of this session; none is later than now."""
        if gap.lost_session is not None:
            return gap
        first_ms, last_ms = (min(time_ms + self.shift_ms, self.now_ms) for time_ms in (gap.first_ms, gap.last_ms))
        return msgspec.structs.replace(gap, first_ms=first_ms, last_ms=last_ms)


class Losses:
    """Gathers single losses into as few gaps as their reasons, their sessions and the period allow.

    `total` counts them, told or not, since the file was made.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[GapReason, int | None], Gap] = {}
        self._told_s: dict[GapReason, float] = {}
        self.total: dict[GapReason, int] = {}
        self.moved: Move | None = None
        """The last setting of the clock."""

    def restore(self, total: Mapping[GapReason, int]) -> None:
        """Go on from what an earlier session has counted."""
        for reason, count in total.items():
            self.total[reason] = self.total.get(reason, 0) + count

    def tell_again(self, gaps: Iterable[Gap]) -> None:
        """These were counted before, and nobody has heard of them."""
        for gap in gaps:
            _merge(self._open, gap)

    def add(self, gap: Gap) -> None:
        """Count a loss, and merge it with what is waiting to be told of the same reason and session."""
        if self.moved is not None and gap.last_seq is not None and gap.last_seq < self.moved.before_seq:
            gap = self.moved.applied(gap)
        self.total[gap.reason] = self.total.get(gap.reason, 0) + _count(gap)
        _merge(self._open, gap)

    def move(self, move: Move) -> None:
        """The clock that has stamped this session's was set: so are they, those too that are counted only later."""
        self.moved = move
        self._open = {key: move.applied(gap) for key, gap in self._open.items()}

    def copy(self) -> Losses:
        """As they are now, for what is not told by these."""
        losses = Losses()
        losses._open, losses.total, losses.moved = dict(self._open), dict(self.total), self.moved
        return losses

    def kept(self) -> tuple[list[Gap], dict[GapReason, int]]:
        """What is untold, and the totals."""
        return list(self._open.values()), dict(self.total)

    def with_these(self, gaps: Iterable[Gap], again: Iterable[Gap] = ()) -> tuple[list[Gap], dict[GapReason, int]]:
        """What would be untold, and the totals, if these were added, and those told again."""
        losses = self.copy()
        for gap in gaps:
            losses.add(gap)
        losses.tell_again(again)
        return losses.kept()

    def due_in_s(self, now_s: float) -> float | None:
        """How long until something may be told; None if nothing was lost. `now_s` never jumps."""
        return min((self._rest_s(reason, now_s) for reason, _ in self._open), default=None)

    def take(self, now_s: float, *, everything: bool = False) -> list[Gap]:
        """The gaps to tell now, the first of a reason at once; they are told once."""
        keys = [key for key in self._open if everything or self._rest_s(key[0], now_s) <= 0]
        self._told_s |= {reason: now_s for reason, _ in keys}
        return [self._open.pop(key) for key in keys]

    def __bool__(self) -> bool:
        return bool(self._open)

    def _rest_s(self, reason: GapReason, now_s: float) -> float:
        told_s = self._told_s.get(reason)
        return 0.0 if told_s is None else max(0.0, told_s + GAP_PERIOD_S - now_s)


def _count(gap: Gap) -> int:
    """Where nobody can tell it was one at least."""
    return 1 if gap.count is None else gap.count


def _merge(untold: dict[tuple[GapReason, int | None], Gap], gap: Gap) -> None:
    key = (gap.reason, gap.lost_session)
    before = untold.get(key)
    untold[key] = gap if before is None else _joined(before, gap)


def _joined(one: Gap, other: Gap) -> Gap:
    return Gap(
        reason=one.reason,
        count=None if one.count is None or other.count is None else one.count + other.count,
        first_seq=_lowest(one.first_seq, other.first_seq),
        last_seq=_highest(one.last_seq, other.last_seq),
        first_ms=min(one.first_ms, other.first_ms),
        last_ms=max(one.last_ms, other.last_ms),
        device=one.device if one.device == other.device else None,
        lost_session=one.lost_session,
    )


def _lowest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else min(one, other)


def _highest(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else max(one, other)
