"""What was dropped and has not been told yet. Pure."""

from __future__ import annotations

from gateway.model import Gap, GapReason


class Losses:
    """Gathers single losses into as few gaps as their reasons and sessions allow."""

    def __init__(self) -> None:
        self._open: dict[tuple[GapReason, int | None], Gap] = {}
        self.total: dict[GapReason, int] = {}

    def add(self, gap: Gap) -> None:
        """Merge a loss with what is waiting to be told of the same reason and session."""
        self.total[gap.reason] = self.total.get(gap.reason, 0) + gap.count
        key = (gap.reason, gap.lost_session)
        before = self._open.get(key)
        self._open[key] = gap if before is None else _joined(before, gap)

    def take(self) -> list[Gap]:
        """The gaps to tell now; they are told once."""
        gaps = list(self._open.values())
        self._open.clear()
        return gaps

    def __bool__(self) -> bool:
        return bool(self._open)


def _joined(one: Gap, other: Gap) -> Gap:
    return Gap(
        reason=one.reason,
        count=one.count + other.count,
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
