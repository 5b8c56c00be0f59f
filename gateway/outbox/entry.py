"""One envelope on its way from the door to its acknowledgement."""

from __future__ import annotations

from msgspec import Struct

READING = "reading"


class Entry(Struct, gc=False, eq=False):
    """An encoded envelope and where it stands.

    `id` orders all envelopes of the file, across sessions; `staged_s` is on the event loop's clock.
    `fresh`: staged since the connection began or told again on it, so that a retained topic may keep it.
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
    refusals: int = 0

    @property
    def is_reading(self) -> bool:
        """Readings may be dropped and wait behind everything else."""
        return self.kind == READING
