"""The poll grid: polls of one period wake together, anchored to whole periods, without drift."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

EARLY_SHARE = 0.05
"""A timer may fire this share of a period early and still serve the slot it was set for."""


class Slot(NamedTuple):
    """A period and its displacement, in seconds."""

    every_s: float
    phase_s: float = 0.0

    def number_at(self, now_s: float) -> int:
        """The slot that a wake-up at this moment serves."""
        return math.floor((now_s - self.phase_s) / self.every_s + EARLY_SHARE)

    def start_of(self, number: int) -> float:
        """When a slot begins, on the clock that the grid runs on."""
        return number * self.every_s + self.phase_s


class Ticket:
    """One subscription to the grid: `skipped` counts the slots it could not keep."""

    __slots__ = ("_failed", "_members", "_poll", "skipped")

    def __init__(
        self, members: dict[Ticket, None], poll: Callable[[], bool], failed: Callable[[Exception], None]
    ) -> None:
        self._members = members
        self._poll = poll
        self._failed = failed
        self.skipped = 0
        members[self] = None

    def wake(self, missed: int) -> None:
        """Poll, after so many slots in which nobody was woken; a defect ends this ticket and is its owner's."""
        self.skipped += missed
        try:
            if not self._poll():
                self.skipped += 1
        except Exception as error:  # noqa: BLE001 -- the grid wakes others, too: this one pays
            self.cancel()
            self._failed(error)

    def cancel(self) -> None:
        """Never wake again."""
        self._members.pop(self, None)


class Grid:
    """One timer per slot for everyone who polls on it: a wake-up costs more than a request."""

    def __init__(self, loop: asyncio.AbstractEventLoop, now: Callable[[], float] = time.time) -> None:
        self._loop = loop
        self._now = now
        self._rows: dict[Slot, _Row] = {}

    def subscribe(self, slot: Slot, poll: Callable[[], bool], failed: Callable[[Exception], None]) -> Ticket:
        """Call `poll` at each whole multiple of the period plus phase; it answers False when it had to skip.

        What `poll` raises is handed to `failed`, which raises nothing, and `poll` is not called again.
        """
        row = self._rows.get(slot)
        if row is None:
            row = self._rows[slot] = _Row(slot, self._loop, self._now, lambda: self._rows.pop(slot, None))
        return Ticket(row.members, poll, failed)


class _Row:
    """Everyone on one slot, and their timer."""

    def __init__(
        self,
        slot: Slot,
        loop: asyncio.AbstractEventLoop,
        now: Callable[[], float],
        retire: Callable[[], object],
    ) -> None:
        self.members: dict[Ticket, None] = {}
        self._slot = slot
        self._loop = loop
        self._now = now
        self._retire = retire
        self._served_s = self._begun_s(slot.number_at(now()))
        self._sleep()

    def _sleep(self) -> None:
        now_s = self._now()
        upcoming = self._slot.number_at(now_s) + 1
        self._loop.call_later(self._slot.start_of(upcoming) - now_s, self._wake)

    def _wake(self) -> None:
        if not self.members:
            self._retire()
            return
        served_s = self._begun_s(self._slot.number_at(self._now()))
        missed = max(0, round((served_s - self._served_s) / self._slot.every_s) - 1)
        self._served_s = served_s
        self._sleep()
        for ticket in tuple(self.members):
            if ticket in self.members:  # a poll may have cancelled others
                ticket.wake(missed)

    def _begun_s(self, number: int) -> float:
        """When a slot began on the loop's clock, which nobody sets: only time that has passed can be missed."""
        return self._loop.time() - (self._now() - self._slot.start_of(number))


_grids: WeakKeyDictionary[asyncio.AbstractEventLoop, Grid] = WeakKeyDictionary()


def shared_grid() -> Grid:
    """The one grid of the running loop, on the wall clock."""
    loop = asyncio.get_running_loop()
    grid = _grids.get(loop)
    if grid is None:
        grid = _grids[loop] = Grid(loop)
    return grid
