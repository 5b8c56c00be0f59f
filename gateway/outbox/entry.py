"""One envelope on its way from the door to its acknowledgement."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from zlib import crc32

from msgspec import Struct

READING = "reading"

STATUS = "status"

SUPERSEDED, READINGS = 0, 1
"""Places in the order of leaving."""

LEAVING_ORDER: tuple[tuple[str, ...], ...] = ((), (READING,), (STATUS, "birth"), ("gap",), ("result",))
"""What makes room for the rest, first to last. The first place is for states that a newer one has superseded."""

LANE_OF = {kind: lane for lane, kinds in enumerate(LEAVING_ORDER) for kind in kinds}
"""Each kind's place in that order."""


IDS_PER_SESSION = 1_000_000
"""Ids of a session begin at this multiple of it, so that they order rows across sessions and files: a session begins
as many seconds later as its number is higher, and no outbox takes a million envelopes a second."""


class Stamp(NamedTuple):
    """What tells how old a row is."""

    row_id: int
    session: int
    time_ms: int
    unsynced: bool


MAX_SESSION = 1 << 33
"""The year 2242: what is beyond is no session."""


class Entry(Struct, gc=False, eq=False):
    """An encoded envelope and where it stands.

    `id` orders all envelopes of the file, across sessions; `staged_s` is on the outbox's steady clock.
    `fresh`: staged since the connection began or told again on it, so that a retained topic may keep it.
    `unsettled`: a transaction whose end is not known may have put it on disk.
    `ahead_ms`: what an unsynchronised wall clock was ahead of the time since boot when it stamped this; else None.
    """

    id: int
    session: int
    seq: int
    kind: str
    device: str
    time_ms: int
    payload: bytes
    staged_s: float = 0.0
    fresh: bool = True
    on_disk: bool = False
    done: bool = False
    ahead_ms: int | None = None
    unsettled: bool = False

    @property
    def is_reading(self) -> bool:
        """Readings may be dropped and wait behind everything else."""
        return self.kind == READING

    @property
    def stamp(self) -> Stamp:
        """What tells how old it is."""
        return Stamp(self.id, self.session, self.time_ms, self.ahead_ms is not None)

    def seal(self) -> int:
        """CRC-32 of all that a row holds."""
        head = f"{self.id} {self.session} {self.seq} {self.kind} {self.device} {self.time_ms} {self.ahead_ms}"
        return crc32(self.payload, crc32(head.encode()))

    def is_intact(self, crc: int, sealed_from: int) -> bool:
        """Whether a row that carries this checksum is as it was written; below `sealed_from` it covers the payload.

        There an empty payload is no envelope's: its checksum is 0, which zeroed bytes hold, too.
        """
        if self.id >= sealed_from:
            return crc == self.seal()
        return bool(self.payload) and crc == crc32(self.payload)


class Torn(NamedTuple):
    """A row that is not as it was written; None for what can't be known of it."""

    id: int
    session: int | None
    seq: int | None
    time_ms: int | None


def torn_of(row: Sequence[Any]) -> Torn:
    """What can still be said of a row that is not as it was written: what its key confirms."""
    row_id, session, seq, _, _, time_ms, *_ = row
    if isinstance(session, int) and isinstance(seq, int) and row_id == session * IDS_PER_SESSION + seq:
        return Torn(row_id, session, seq, time_ms if isinstance(time_ms, int) else None)
    return Torn(row_id, None, None, None)
