"""What a session gives its envelopes: a number, an id, and the time by a clock that may be wrong."""

from __future__ import annotations

from collections.abc import Callable

from gateway.clock import WallClock, boot_ms
from gateway.outbox import boots
from gateway.outbox.ages import JUMP_S, Ages
from gateway.outbox.disk.opening import Opened
from gateway.outbox.disk.store import Store
from gateway.outbox.entry import Entry, Stamp
from gateway.outbox.losses import Move


class Stamps:
    """Of one session. `recall` comes before all else; `now_s` is a clock that never jumps."""

    ages: Ages

    def __init__(
        self, opened: Opened, wall: WallClock, wall_s: Callable[[], float], now_s: Callable[[], float]
    ) -> None:
        self.session = opened.session
        self._first_id = opened.last_id
        self._wall = wall
        self._wall_s = wall_s
        self._now_s = now_s
        self._seq = 0

    async def recall(self, store: Store) -> Ages:
        """Learn from the file what the clocks did in this boot; raises StoreError."""
        boot = await boots.recall(store, self._wall.boot, self.next_id)
        self._boot_from = boot.since
        clocks, believed = (self._wall_s(), self._now_s()), self._wall.is_synced
        self.ages = Ages(self.session, *clocks, noted=boot.jumps, boot_from=boot.since, believed=believed)
        return self.ages

    @property
    def next_seq(self) -> int:
        """The number that the next envelope must carry."""
        return self._seq + 1

    @property
    def next_id(self) -> int:
        """Every envelope from now on has at least this id."""
        return self._first_id + self._seq + 1

    def entry(self, kind: str, device: str, payload: bytes, read_ms: int | None = None) -> Entry:
        """The next envelope, encoded with `next_seq`; the clock may have been set since what it tells was read."""
        self._seq += 1
        row_id, now_ms, now_s = self._first_id + self._seq, int(self._wall_s() * 1000), self._now_s()
        self.ages.note(row_id, now_ms, now_s)
        entry = Entry(row_id, self.session, self._seq, kind, device, now_ms, payload, now_s)
        if not self._wall.is_synced:
            stamped_ms = now_ms if read_ms is None or abs(read_ms - now_ms) < JUMP_S * 1000 else read_ms
            entry.ahead_ms = stamped_ms - boot_ms()
        return entry

    def age_s(self, stamp: Stamp) -> float:
        """How long a row has waited."""
        row_id, session, time_ms, unsynced = stamp
        return max(0.0, self.ages.age_s(row_id, session, time_ms, self._now_s(), unsynced=unsynced))

    def moved_ms(self, entry: Entry) -> int | None:
        """What the clock was set by since it stamped an envelope wrongly; None: rightly, or that can't be told."""
        if entry.ahead_ms is None or not self._wall.is_synced or entry.id < self._boot_from:
            return None
        return self._wall.ahead_ms - entry.ahead_ms

    def believe(self, moved_ms: int) -> Move:
        """The wall clock is right from now on; returns what that means for what it has stamped."""
        wall_s = self._wall_s()
        self.ages.believe(wall_s, self._now_s())
        return Move(moved_ms, int(wall_s * 1000), self.next_seq)
