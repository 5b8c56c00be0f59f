"""Which devices answer later than their timeout, time and again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.line.figures import span

OFTEN = 2
"""In a row: one late answer may be chance, and so may be one in time."""


@dataclass
class _Record:
    late: int = 0
    in_time: int = 0
    words: str | None = None


class Punctuality:
    """Of all devices of a line."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def late(self, device: str, after_s: float, timeout_s: float) -> None:
        """An answer came so long after its question."""
        record = self._records.setdefault(device, _Record())
        record.late += 1
        record.in_time = 0
        if record.late >= OFTEN:
            took, limit = span(after_s), span(timeout_s)
            record.words = f"its answers come after {took}, later than its timeout of {limit}: raise `timeout`"

    def in_time(self, device: str) -> None:
        """An answer came that can be of no other question."""
        if (record := self._records.get(device)) is not None:
            record.in_time += 1
            if record.words is None or record.in_time >= OFTEN:
                del self._records[device]

    def words(self, device: str) -> str | None:
        """What is to be said of that; None if it answers in time."""
        return None if (record := self._records.get(device)) is None else record.words
