"""Rows that had to go, and what is to be told of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from gateway.model import Gap, GapReason
from gateway.outbox.entry import Torn
from gateway.outbox.losses import Move


class Evicted(NamedTuple):
    """A row that has to go; `size` is what it takes, `word` the envelope itself where it tells of a loss."""

    id: int
    session: int
    seq: int
    time_ms: int
    size: int
    word: bytes | None
    reason: GapReason = GapReason.FULL

    def gap(self, session: int) -> Gap:
        """The word on it, said in this session."""
        elsewhere = _elsewhere(self.session, session)
        return Gap(self.reason, 1, self.seq, self.seq, self.time_ms, self.time_ms, None, elsewhere)


def torn_gap(row: Torn, session: int, now_ms: int) -> Gap:
    """The word on a row that is not as it was written, said in this session: it was lost by now."""
    time_ms = row.time_ms if row.time_ms is not None and 0 <= row.time_ms <= now_ms else now_ms
    elsewhere = _elsewhere(session if row.session is None else row.session, session)
    return Gap(GapReason.CORRUPT, 1, row.seq, row.seq, time_ms, time_ms, None, elsewhere)


def told_again(rows: Iterable[Evicted], session: int, moved: Move | None = None) -> list[Gap]:
    """What gaps among these rows have told, and nobody has heard yet; said in this session.

    `moved`: how the clock was set in it.
    """
    gaps = list[Gap]()
    for row in rows:
        is_older = moved is not None and row.session == session and row.seq < moved.before_seq
        for gap in [] if row.word is None else _gaps_in(row.word, session):
            gaps.append(moved.applied(gap) if moved is not None and is_older else gap)
    return gaps


def _gaps_in(word: bytes, session: int) -> list[Gap]:
    """The one gap of an envelope, or of the one in an event; none where it is neither."""
    try:
        body: dict[str, Any] = msgspec.json.decode(word, type=dict[str, Any])
        body = body.get("data", body)
        return [
            Gap(
                GapReason(body["reason"]),
                body["count"],
                body["from"],
                body["to"],
                _ms(body["first"]),
                _ms(body["last"]),
                body.get("device"),
                _elsewhere(body.get("lost_session", body["session"]), session),
            )
        ]
    except (KeyError, ValueError):
        return []


def _elsewhere(lost: int, session: int) -> int | None:
    return lost if lost != session else None


def _ms(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)
