"""The bounded room in memory where envelopes wait for the disk. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from gateway.outbox.entry import LANE_OF, LEAVING_ORDER, READINGS, STATUS, SUPERSEDED, Entry

STAGING_ENVELOPES = 10_000
"""How many envelopes may wait in memory for the disk (design: the adapter contract)."""

STAGING_BYTES = 16 * 1024**2
"""How many bytes of payload may wait in memory for the disk (design: the adapter contract)."""


COMMIT_ORDER = sorted(range(len(LEAVING_ORDER)), key=lambda lane: (lane != LANE_OF["gap"], -lane))
"""Gaps first: with the commit that follows its word a loss is forgotten. Then what leaves last."""


class Staging:
    """Envelopes that are neither on disk nor acknowledged, `count` of them with so many `bytes` of payload.

    `committing` is what the disk is being given now, in the order of ids; it may come back by `put_back`.
    """

    def __init__(self, *, drop_newest: bool) -> None:
        self.bytes = 0
        self.committing: Mapping[int, Entry] = {}
        self.count = 0
        self._drop_newest = drop_newest
        self._lanes: tuple[dict[int, Entry], ...] = tuple({} for _ in LEAVING_ORDER)
        self._states: dict[str, int] = {}
        """Each device's newest status."""

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Entry]:
        """Lane by lane, each in the order of ids."""
        return chain.from_iterable(lane.values() for lane in self._lanes)

    @property
    def is_half_full(self) -> bool:
        """Whether the room may run out before the next commit is due."""
        return self.count > STAGING_ENVELOPES // 2 or self.bytes > STAGING_BYTES // 2

    @property
    def oldest(self) -> Entry | None:
        """The one that has waited longest for its commit to begin."""
        firsts = (next(iter(lane.values())) for lane in self._lanes if lane)
        return min(firsts, key=_by_id, default=None)

    @property
    def newest(self) -> Entry | None:
        """The one that was staged last."""
        lasts = (lane[next(reversed(lane))] for lane in self._lanes if lane)
        return max(lasts, key=_by_id, default=None)

    @property
    def oldest_of_all(self) -> Entry | None:
        """The one that has waited longest for its commit to end."""
        firsts = (next(iter(self.committing.values()), None), self.oldest)
        return min((entry for entry in firsts if entry is not None), key=_by_id, default=None)

    def add(self, entry: Entry) -> list[Entry] | None:
        """Take an envelope; returns those that had to make room, it may be one of them, or None."""
        self._lanes[LANE_OF[entry.kind]][entry.id] = entry
        if entry.kind == STATUS:
            self._supersede(entry)
        self.count += 1
        self.bytes += len(entry.payload)
        if self.count <= STAGING_ENVELOPES and self.bytes <= STAGING_BYTES:
            return None
        return self._make_room()

    def remove(self, entry: Entry) -> bool:
        """Forget an envelope; False if it does not wait here."""
        lane = self._lanes[LANE_OF[entry.kind]]
        waiting = lane.pop(entry.id, None) or self._lanes[SUPERSEDED].pop(entry.id, None)
        if waiting is None:
            return False
        self.count -= 1
        self.bytes -= len(waiting.payload)
        return True

    def take(self, max_bytes: int) -> Mapping[int, Entry]:
        """About so much, to be committed: gaps first, readings last, in each lane the oldest.

        It stays in `committing` until `committed` or `put_back`.
        """
        taken, size = list[Entry](), 0
        for entry in chain.from_iterable(self._lanes[number].values() for number in COMMIT_ORDER):
            if size > max_bytes:
                break
            taken.append(entry)
            size += len(entry.payload)
        for entry in taken:
            self.remove(entry)
        self.committing = {entry.id: entry for entry in sorted(taken, key=_by_id)}
        return self.committing

    def committed(self) -> None:
        """The disk has what it was given."""
        self.committing = {}

    def put_back(self, batch: Iterable[Entry]) -> list[Entry]:
        """What could not be committed waits on, before what came since; returns those that had to make room."""
        self.committing = {}
        returned: tuple[dict[int, Entry], ...] = tuple({} for _ in LEAVING_ORDER)
        for entry in batch:
            old = entry.kind == STATUS and self._states[entry.device] > entry.id
            returned[SUPERSEDED if old else LANE_OF[entry.kind]][entry.id] = entry
            self.count += 1
            self.bytes += len(entry.payload)
        self._lanes = tuple(before | since for before, since in zip(returned, self._lanes, strict=True))
        return self._make_room()

    def _supersede(self, status: Entry) -> None:
        """A device's older status is the first that may go."""
        before = self._states.get(status.device, status.id)
        self._states[status.device] = status.id
        old = self._lanes[LANE_OF[STATUS]].pop(before, None) if before < status.id else None
        if old is not None:
            self._lanes[SUPERSEDED][before] = old

    def _make_room(self) -> list[Entry]:
        victims = []
        while self.count > STAGING_ENVELOPES or self.bytes > STAGING_BYTES:
            victims.append(self._victim())
            self.remove(victims[-1])
        return victims

    def _victim(self) -> Entry:
        """The next in the order of leaving: of readings the newest where that is asked, else the oldest."""
        number, lane = next((number, lane) for number, lane in enumerate(self._lanes) if lane)
        newest = self._drop_newest and number == READINGS
        return lane[next(reversed(lane) if newest else iter(lane))]


def _by_id(entry: Entry) -> int:
    return entry.id
