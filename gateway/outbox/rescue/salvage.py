"""What has been found of one file that was set aside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gateway.outbox.disk.aside import Aside
from gateway.outbox.entry import Entry
from gateway.outbox.format.pages import Found

ADOPTED_SHIFT = 10**12
"""What ids of an adopted outbox are set back by: some days, so that they leave before what is here and meet none."""

EARLY_SHIFT = 10**14
"""What lower ones are set forward by instead, those of the first schema (1, 2, ...) and of a clock that began in 1970:
into 1973, where no clock begins, for this outbox may have the same ones."""


class Salvage:
    """Counts; `missing` are rows that were there and have not been found yet, None where nobody can tell."""

    def __init__(self, aside: Aside, missing: int | None, pages: int) -> None:
        self.aside = aside
        self.missing = missing
        self.state: dict[str, Any] = {
            "file": aside.path.name,
            "pages": pages,
            "done": 0,
            "rescued": 0,
            "lost": None,
            "ended": False,
        }
        self._damaged = 0
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self._is_adopted = aside.kind == "adopted"

    @property
    def done(self) -> int:
        """Pages read."""
        return int(self.state["done"])

    @done.setter
    def done(self, pages: int) -> None:
        self.state["done"] = pages

    def taken(self, found: Found) -> list[Entry]:
        """The rows of a page, numbered for this outbox."""
        self._damaged += found.damaged
        for entry in found.entries:
            if self._is_adopted:
                entry.id += EARLY_SHIFT if entry.id < EARLY_SHIFT else -ADOPTED_SHIFT
            self._first_ms = entry.time_ms if self._first_ms is None else min(self._first_ms, entry.time_ms)
            self._last_ms = entry.time_ms if self._last_ms is None else max(self._last_ms, entry.time_ms)
        return found.entries

    def progress(self, next_page: int, settled: int) -> Iterable[tuple[str, int]]:
        """What the outbox has to know once so many new rows are in it or have no place there any more.

        Those without room are missing until that is told.
        """
        yield self.aside.next_key, next_page
        if self.missing is not None:
            yield self.aside.missing_key, max(0, self.missing - settled)

    def found(self, new: int, kept: int) -> None:
        """So many rows were not there yet, and so many of them are now."""
        self.state["rescued"] += kept
        if self.missing is not None:
            self.missing = max(0, self.missing - new)

    def times(self, written_ms: int) -> tuple[int, int]:
        """Between when and when the rows that are lost were stamped, as far as others show it."""
        last_ms = max(written_ms, self._last_ms or 0)
        return min(last_ms, self._first_ms if self._first_ms is not None else written_ms), last_ms

    @property
    def summary(self) -> dict[str, Any]:
        """How it ended, for the log."""
        lost = self.missing if self.missing is not None else "unknown"
        return {"rescued": self.state["rescued"], "lost": lost, "damaged": self._damaged}
