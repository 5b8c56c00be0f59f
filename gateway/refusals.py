"""What a far end's refusals mean: one message that it won't have, or a far end that is at fault. Pure."""

from __future__ import annotations

from collections import deque
from enum import Enum, auto

from gateway.outbox.entry import Entry

MESSAGE_TRIES = 3
"""How often a refused message is tried alone before it is set aside (design: refusals)."""

ENDPOINT_REFUSALS = 3
"""Different messages refused in a row: the fault is the endpoint's, not theirs (design: refusals)."""

REMEMBERED = 1000
"""Messages of such a row that are known by name: as many as may be refused together."""


class Verdict(Enum):
    """What follows from a refusal."""

    TRY_ALONE = auto()
    SET_ASIDE = auto()
    ENDPOINT_AT_FAULT = auto()
    WAITS = auto()
    """As all do that go where this one went."""


class Refusals:
    """What one far end refuses. `suspects` are to be tried alone, one after the other."""

    def __init__(self) -> None:
        self.suspects: deque[Entry] = deque()
        self._tries: dict[int, int] = {}
        self._in_a_row: set[int] = set()

    @property
    def suspect(self) -> Entry:
        """The one to try next: the first, but where the far end may be at fault one it has not refused yet, if any.

        Else a few that it will never take, at the head of what travels together, would hide that it takes others.
        """
        if not self._blames_far_end:
            return self.suspects[0]
        return next((entry for entry in self.suspects if entry.id not in self._in_a_row), self.suspects[0])

    def refused(self, entry: Entry, *, about_message: bool, shared: bool = False) -> Verdict:
        """A word about one message gets it tried alone; any other is about the endpoint.

        What is said about several that travelled together is counted against none of them before it was tried alone.
        """
        suspected = about_message and shared
        if not suspected and len(self._in_a_row) < REMEMBERED:
            self._in_a_row.add(entry.id)
        if not about_message or (self._blames_far_end and not suspected):
            return Verdict.ENDPOINT_AT_FAULT
        tries = self._tries.get(entry.id, -1) + 1
        self._tries[entry.id] = tries
        if tries == 0:
            self.suspects.append(entry)
        if tries < MESSAGE_TRIES:
            return Verdict.TRY_ALONE
        self._clear(entry)
        return Verdict.SET_ASIDE

    def delivered(self, entry: Entry) -> bool:
        """A message was taken; whether that shows that the far end is well."""
        if not (self._in_a_row or self._tries):
            return True
        if entry.is_reading or entry.id in self._in_a_row:
            self._in_a_row.clear()
        if entry.id in self._tries:
            self._clear(entry)
        return not self._in_a_row

    def forget(self, entry: Entry) -> None:
        """It is not about this message after all."""
        if entry.id in self._tries:
            self._clear(entry)

    def disconnected(self) -> None:
        """Messages get a fresh chance; whether the far end is at fault only a message it takes can show."""
        self.suspects.clear()
        self._tries.clear()

    @property
    def _blames_far_end(self) -> bool:
        return len(self._in_a_row) >= ENDPOINT_REFUSALS

    def _clear(self, entry: Entry) -> None:
        del self._tries[entry.id]
        self.suspects.remove(entry)
