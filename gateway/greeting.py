"""What is said first on every connection, and last."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.outbox.entry import STATUS, Entry
from gateway.outbox.retained import Retained


class Greeting:
    """Who we are, which devices there are and how they do; `announce()` has it all."""

    def __init__(self, announce: Callable[[], Sequence[Entry]], retained: Retained) -> None:
        self.announce = announce
        self.farewell: Entry | None = None
        """The gateway's last word, once it has been said."""
        self._retained = retained
        self._taken: dict[tuple[str, str], set[int]] = {}
        """The birth, with all its parts, and the newest state that the far end has acknowledged, by kind and device."""
        self._taken_by: str | None = None

    def said_first(self, peer: str | None, *, are_kept: bool) -> list[Entry]:
        """`are_kept`: but for what this far end has; at a stop that has come between two connections, goodbye alone."""
        if self.farewell is not None:
            return [self.farewell]
        if peer != self._taken_by:
            self._taken.clear()
            self._taken_by = peer
        announced = self.announce()
        if are_kept:
            announced = [each for each in announced if each.id not in self._taken.get((each.kind, each.device), ())]
        return [*announced, *self._retained.clearings()]

    @property
    def is_over(self) -> bool:
        """Whether the far end has acknowledged the last word."""
        return self.farewell is not None and self.farewell.done

    def taken(self, entry: Entry) -> None:
        """The far end has this birth or state."""
        taken = self._taken.setdefault((entry.kind, entry.device), set())
        if entry.kind == STATUS:
            taken.clear()
        taken.add(entry.id)
