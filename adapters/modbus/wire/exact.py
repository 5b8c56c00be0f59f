"""Timers that keep to tens of microseconds: the loop's own round up to a millisecond, half a silent interval.

Linux's timerfd wakes the loop like a socket (timerfd_create(2)); Python has it from 3.13 on, the C library always.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from collections.abc import Callable
from typing import Protocol

_libc = ctypes.CDLL(None, use_errno=True)

NANOSECONDS = 1_000_000_000
WAKING_S = 0.00012
"""To be woken takes about so long on a busy machine: the kernel is asked to begin that much sooner, and what is left
over is spent looking at the clock."""


class _Spec(ctypes.Structure):
    """struct itimerspec: interval and first expiry, seconds and nanoseconds of each (timerfd_settime(2))."""

    _fields_ = [("interval", ctypes.c_long * 2), ("value", ctypes.c_long * 2)]


class Timer(Protocol):
    """What a line sleeps by."""

    def after(self, for_s: float, call: Callable[[], object]) -> None:
        """Call it once, so many seconds from now, instead of what was set before."""

    def cancel(self) -> None:
        """Call nothing."""

    def close(self) -> None:
        """It is not needed any more."""


class Exact:
    """One timer: `after` replaces what was set before. OSError where the kernel has none."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._due: Callable[[], object] | None = None
        self._due_s = 0.0
        self._fd = _libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        loop.add_reader(self._fd, self._fire)

    def after(self, for_s: float, call: Callable[[], object]) -> None:
        """Call it once, so many seconds from now."""
        self._due = call
        self._due_s = time.monotonic() + for_s
        self._set(max(1, int((for_s - WAKING_S) * NANOSECONDS)))

    def cancel(self) -> None:
        """Call nothing."""
        self._due = None

    def close(self) -> None:
        """Hand the timer back."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _set(self, nanoseconds: int) -> None:
        spec = _Spec()
        spec.value[0], spec.value[1] = divmod(nanoseconds, NANOSECONDS)
        _libc.timerfd_settime(self._fd, 0, ctypes.byref(spec), None)

    def _fire(self) -> None:
        try:
            os.read(self._fd, 8)
        except BlockingIOError:  # it was set anew meanwhile
            return
        due, self._due = self._due, None
        if due is not None:
            while time.monotonic() < self._due_s:
                pass
            due()


class Loose:
    """The loop's own timer, for what need not be exact."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def after(self, for_s: float, call: Callable[[], object]) -> None:
        """Call it once, so many seconds from now."""
        self.cancel()
        self._timer = self._loop.call_later(for_s, call)

    def cancel(self) -> None:
        """Call nothing."""
        if self._timer is not None:
            self._timer.cancel()

    def close(self) -> None:
        """Nothing is called any more."""
        self.cancel()
