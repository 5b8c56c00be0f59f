"""A far end that says nothing and ends the connection: for the sake of which message, if of any? Pure.

What was in flight at two cuts in a row is suspected. It is kept apart while all else goes on, and tried alone with its
like: half of it, then half of that, where the far end cuts again. One that was alone when it did so three times is
condemned, but each time counts only if the far end had taken something else later into that connection than it was cut
the time before, and the more is asked the oftener connections end with no suspect on them. So a line that breaks by
itself condemns nobody, whatever is on it; nor does a far end that takes nothing at all: it gets one message, and nobody
else is suspected until it has taken that.
"""

from __future__ import annotations

from collections.abc import Collection

from gateway.outbox.entry import Entry

ALONE_CUTS = 3
"""How often a connection must end while a message is alone on it, before that is set aside: as with refusals."""

DOUBTED_CUTS = 2
"""How many more it takes for each cut that was the line's own: one that breaks often breaks during trials, too."""

MAX_DOUBTS = 10
"""Cuts of the line's own that are remembered, until a connection lasts for long: so many that 23 trials must fail."""

CALM_CUTS = 3
"""So many in a row with no suspect in flight, and no message in common: it is the line that breaks."""

LONG_S = 60.0
"""A line that lasts for so long does not break often."""


class Cuts:
    """What one far end may have cut connections for. Ages are those of the connection, in seconds.

    `in_order`: readings are sent in theirs, so that what comes behind one that waits for its trial waits, too.
    """

    def __init__(self, *, in_order: bool = False) -> None:
        self._in_order = in_order
        self.held: dict[int, Entry] = {}
        """Suspects that have their turn on this connection, and wait for their trial."""
        self._counts: dict[int, int] = {}
        """Of each suspect, how often it was cut alone."""
        self._next = frozenset[int]()
        """Those that are to be tried before the others: they were in flight when it was cut last."""
        self._size = 1
        self._cut_age_s = 0.0
        self._last = frozenset[int]()
        self._calm = 0
        self._doubts = 0
        self.begin()

    def begin(self) -> None:
        """A connection begins."""
        self.held.clear()
        self._trial: set[int] = set()
        self._is_alone = self._is_proven = self._has_answered = False
        self._is_others_turn = True

    @property
    def suspects(self) -> Collection[int]:
        """Their ids."""
        return self._counts.keys()

    @property
    def is_trying(self) -> bool:
        """Whether suspects are in flight, and nothing else may be."""
        return bool(self._trial)

    @property
    def is_wary(self) -> bool:
        """Whether only one message may be in flight: its answer is then not lost with the connection."""
        return bool(self._counts) and not self._has_answered

    @property
    def holds_readings(self) -> bool:
        """Whether no reading may go."""
        return self._in_order and bool(self.held)

    def keeps(self, entry: Entry) -> bool:
        """Whether it must wait for a trial; it is in `held` then."""
        if entry.id not in self._counts and not (self.holds_readings and entry.is_reading):
            return False
        self.held[entry.id] = entry
        return True

    def is_due(self, *, others_wait: bool) -> bool:
        """Whether the next trial is to begin, once nothing is in flight: after it has been the others' turn."""
        return bool(self.held) and self._is_proven and not (self._is_others_turn and others_wait)

    def trial(self) -> list[Entry]:
        """What is to be sent now, and nothing beside it."""
        waiting = list(self.held.values())
        first = [] if self._in_order else [entry for entry in waiting if entry.id in self._next]
        chosen = (first or waiting)[: self._size]
        for entry in chosen:
            del self.held[entry.id]
        self._trial = {entry.id for entry in chosen}
        self._is_alone = len(chosen) == 1
        return chosen

    def answered(self, entry_id: int, age_s: float) -> None:
        """The far end has said something about this message, yes or no: it does not cut for it."""
        self._doubt(self._counts.pop(entry_id, 0))  # it was not cut for this one
        self._has_answered = True
        if entry_id not in self._trial:
            self._is_others_turn = False
            self._is_proven |= age_s > self._cut_age_s
            return
        self._trial.remove(entry_id)
        if not self._trial:
            self._is_others_turn = True
            self._size *= 2

    def ended(self, in_flight: Collection[int], age_s: float) -> list[int]:
        """The far end has cut a connection with these in flight; those of them that are condemned, one at most."""
        flying = frozenset(in_flight)
        if self._trial:
            return self._tried(flying, age_s)
        common = (flying & self._last).difference(self._counts)
        self._last = flying or self._last
        if self.is_wary:
            return []
        if age_s >= LONG_S:
            self._doubts = 0
        self._doubt(-1 if common else 1)  # the one before was not the line's own, either
        if common:
            self._calm = 0
            self._narrow(common, age_s)
            self._counts.update(dict.fromkeys(common, 0))
        elif self._counts:
            self._calm += 1
            if self._calm >= CALM_CUTS:
                self._counts.clear()
        return []

    def _tried(self, flying: frozenset[int], age_s: float) -> list[int]:
        self._calm, self._last = 0, frozenset()
        self._narrow(flying, age_s)
        if not self._is_alone:
            self._counts.update({each: self._counts.get(each, 0) for each in flying})
            return []
        (suspect,) = flying
        self._counts[suspect] = self._counts.get(suspect, 0) + 1
        if self._counts[suspect] < ALONE_CUTS + DOUBTED_CUTS * self._doubts:
            return []
        del self._counts[suspect]
        return [suspect]

    def _narrow(self, flying: frozenset[int], age_s: float) -> None:
        self._next = flying
        self._size = max(1, len(flying) // 2)
        self._cut_age_s = min(age_s, LONG_S)

    def _doubt(self, cuts: int) -> None:
        self._doubts = min(max(0, self._doubts + cuts), MAX_DOUBTS)
