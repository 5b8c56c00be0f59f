"""Losses as the tables `loss` and `lost` hold them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.model import LAST_MS, Gap, GapReason
from gateway.outbox.entry import MAX_SESSION

COLUMNS = "reason, lost_session, device, count, first_seq, last_seq, first_ms, last_ms"

LOSS = f"INSERT OR REPLACE INTO loss ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

LOST = "INSERT INTO lost VALUES (?, ?)"

LOSS_MERGED = (
    f"INSERT INTO loss ({COLUMNS})"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " device = CASE WHEN device = excluded.device THEN device END,"
    " count = count + excluded.count,"
    " first_seq = coalesce(min(first_seq, excluded.first_seq), first_seq, excluded.first_seq),"
    " last_seq = coalesce(max(last_seq, excluded.last_seq), last_seq, excluded.last_seq),"
    " first_ms = min(first_ms, excluded.first_ms),"
    " last_ms = max(last_ms, excluded.last_ms)"
)
"""Merged as `losses` merges what it has not told; a count of null, where nobody can tell, stays one."""

LOST_ADDED = "INSERT INTO lost VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"

TYPES = (str, int, str | None, int | None, int | None, int | None, int, int)
"""What a row of `loss` holds as long as it is as it was written."""

TOTAL_TYPES = (str, int)
"""What one of `lost` holds."""

REASONS = {reason.value: reason for reason in GapReason}

MAX_COUNT = 1 << 53
"""What is beyond no counter reaches, and JSON's readers do not tell apart."""


class Noted(NamedTuple):
    """What is untold, and how much was lost since the file was made."""

    gaps: Sequence[Gap] = ()
    total: Mapping[GapReason, int] = {}


NOTHING = Noted()


def is_sound(row: Sequence[Any], types: Sequence[Any]) -> bool:
    """Whether a row holds what its table's columns are for."""
    return len(row) == len(types) and all(isinstance(value, type_) for value, type_ in zip(row, types, strict=True))


def gap_of(row: Sequence[Any]) -> Gap:
    """What a sound row of `loss` tells."""
    reason, session, device, count, first_seq, last_seq, first_ms, last_ms = row
    return Gap(reason_of(reason), count, first_seq, last_seq, _ms(first_ms), _ms(last_ms), device, session)


def reason_of(noted: str) -> GapReason:
    """A loss whose reason can't be read is one all the same."""
    return REASONS.get(noted, GapReason.CORRUPT)


def row_of(gap: Gap, session: int) -> tuple[object, ...]:
    """What the table `loss` is given; `session` is that of gaps which name none."""
    lost_session = session if gap.lost_session is None else gap.lost_session
    seqs, times = (gap.first_seq, gap.last_seq), (gap.first_ms, gap.last_ms)
    return (gap.reason.value, lost_session, gap.device, gap.count, *seqs, *times)


def plausible(records: Iterable[Sequence[Any]]) -> Noted:
    """What can be so of records from anywhere in a damaged file: nothing seals these rows."""
    gaps, total = dict[tuple[GapReason, int | None], Gap](), dict[GapReason, int]()
    for record in records:
        if is_sound(record, TYPES) and _can_be_told(record):
            gap = gap_of(record)
            gaps.setdefault((gap.reason, gap.lost_session), gap)
        elif is_sound(record, TOTAL_TYPES) and record[0] in REASONS and _can_be(record[1], MAX_COUNT):
            total.setdefault(REASONS[record[0]], record[1])
    return Noted(list(gaps.values()), total)


def _can_be_told(row: Sequence[Any]) -> bool:
    reason, session, _, *counts, first_ms, last_ms = row
    return (
        reason in REASONS
        and _can_be(session, MAX_SESSION)
        and all(count is None or _can_be(count, MAX_COUNT) for count in counts)
        and _can_be(first_ms, LAST_MS)
        and _can_be(last_ms, LAST_MS)
    )


def _can_be(number: int, end: int) -> bool:
    return 0 <= number < end


def _ms(noted: int) -> int:
    return min(max(0, noted), LAST_MS)
