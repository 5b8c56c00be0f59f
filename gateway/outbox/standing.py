"""How an outbox stands, for the status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gateway.outbox.commit import Committer
from gateway.outbox.cycle import Cycle
from gateway.outbox.disk.turns import HANG_S
from gateway.outbox.entry import Stamp
from gateway.outbox.staging import Staging

HANGS = f"the disk does not answer (for more than {HANG_S:g} s)"
"""The fault in the status while a transaction does not come back."""


def standing(
    staged: Staging,
    disk: Committer,
    cycle: Cycle,
    age_s: Callable[[Stamp], float],
    *,
    hangs: bool,
    away: str | None,
) -> Mapping[str, Any]:
    """What waits and for how long, what was lost, and what is wrong with the disk, or why it is `away` from it."""
    oldest = staged.oldest_of_all
    stamps = [] if oldest is None else [oldest.stamp]
    if disk.waiting > 0 and disk.oldest is not None:
        stamps.append(disk.oldest)
    return {
        "waiting": len(staged) + len(staged.committing) + disk.waiting,
        "on_disk": disk.rows,
        "bytes": disk.used_bytes + staged.bytes,
        "oldest_ms": min((stamp.time_ms for stamp in stamps), default=None),
        "oldest_age_s": max((age_s(stamp) for stamp in stamps), default=0.0),
        "lost": dict(cycle.losses.total),
        "worst_commit_s": round(cycle.worst_commit_s, 4),
        "fault": HANGS if hangs else cycle.fault or away,
    }
