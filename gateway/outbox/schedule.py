"""When an outbox next looks at what it has to write."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

RETRY_MIN_S, RETRY_MAX_S = 1.0, 30.0
"""Pauses between attempts to commit on a disk that refuses."""


class Timer(Protocol):
    """What a clock gives for a call that it will make."""

    def when(self) -> float:
        """When, on that clock."""

    def cancel(self) -> None:
        """Make it not happen."""


class Clock(Protocol):
    """A clock that never jumps and that calls back: the event loop's, or a test's."""

    def time(self) -> float:
        """Seconds since some moment."""

    def call_at(self, when: float, callback: Callable[[], object], /) -> Timer:
        """Call once at this time."""


class Schedule:
    """One timer for the earliest reason to look; while the disk refuses, it waits for the next attempt."""

    def __init__(self, clock: Clock, look: Callable[[], None]) -> None:
        self.due = asyncio.Event()
        self.time = clock.time
        self._clock = clock
        self._look = look
        self._pause_s = 0.0
        self._timer: Timer | None = None

    def wake_in(self, delay_s: float) -> None:
        """Look after this long, or sooner if that was planned already; at once means without a look."""
        delay_s = max(delay_s, self._pause_s)
        at_s = self.time() + delay_s
        if delay_s <= 0:
            self.due.set()
        elif self._timer is None or at_s < self._timer.when():
            self._start_timer(at_s)

    def hold_back(self) -> None:
        """The disk refuses: the next attempt comes after a pause, each longer than the last."""
        self._pause_s = min(max(self._pause_s * 2, RETRY_MIN_S), RETRY_MAX_S)
        self._start_timer(self.time() + self._pause_s)

    def go_on(self) -> None:
        """The disk writes."""
        self._pause_s = 0.0

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _start_timer(self, at_s: float) -> None:
        self.stop()
        self._timer = self._clock.call_at(at_s, self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._look()
