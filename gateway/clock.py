"""The system's clock against the time since boot, and whether it can be believed."""

from __future__ import annotations

import asyncio
import ctypes
import os
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

import structlog

LOOK_S = 1.0
"""How often a clock that is not synchronised is looked at."""

TIMESYNC = Path("/run/systemd/timesync")
"""systemd-timesyncd's own; it holds the file `synchronized` once the clock is right."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

BOOT_DIGITS = 15
"""Hexadecimal digits of the boot's id that are kept: they fit into SQLite's integer, and no two boots share them."""

TIME_ERROR, STA_UNSYNC = 5, 0x40
"""adjtimex(2): the clock is not synchronised, as a return value and as a flag."""

log = structlog.get_logger("fieldgate.clock")


class ClockState(StrEnum):
    """What is known of the system's clock. `trusted`: somebody says so; `unknown`: nobody can tell, it is believed."""

    SYNCED = "synced"
    UNSYNCED = "unsynced"
    TRUSTED = "trusted"
    UNKNOWN = "unknown"


class WallClock:
    """The system's clock. Once it is believed it stays so for the life of the process.

    A kernel that has heard of no time server for hours says again that it is not synchronised; the clock is then off
    by seconds at most, and what a mark on an envelope warns of is years.
    `source` as in the configuration: `kernel`, `trusted`, or the path of a file that exists once the clock is right.
    """

    def __init__(
        self, source: str, *, boot: int | None = None, timesync: Path = TIMESYNC, believed: bool = False
    ) -> None:
        """`believed`: it was right before in this process."""
        self.boot = _boot_number() if boot is None else boot
        """Differs from boot to boot; 0: can't be told."""
        self.on_synced: list[Callable[[int], None]] = []
        """Each is called once, with what the clock has moved by since this was made, in milliseconds."""
        self.ahead_ms = 0
        """What the clock was ahead of the time since boot when it was first believed."""
        self._source = source
        self._timesync = timesync
        self._believed = believed
        self._made_ahead_ms = now_ms() - boot_ms()
        self.state = ClockState.UNSYNCED
        self.is_synced = False
        self.look()

    def look(self) -> bool:
        """Whether the clock is right, asked unless it was."""
        if self.is_synced:
            return True
        self.state = _state(self._source, self._timesync)
        if self.state is ClockState.UNSYNCED:
            if not self._believed:
                return False
            self.state = ClockState.SYNCED
        self.is_synced = True
        self.ahead_ms = now_ms() - boot_ms()
        for tell in self.on_synced:
            tell(self.ahead_ms - self._made_ahead_ms)
        return True

    async def watch(self) -> None:
        """Return once the clock is right."""
        if self.state is ClockState.UNKNOWN:
            log.warning("nobody can tell whether the clock is right; it is believed", hint="gateway.clock: trusted")
        if self.is_synced:
            return
        log.warning("the clock is not synchronised; envelopes are marked", source=self._source)
        while not self.look():  # noqa: ASYNC110 -- the kernel wakes nobody
            await asyncio.sleep(LOOK_S)
        log.info("the clock is right", moved_s=round((self.ahead_ms - self._made_ahead_ms) / 1000, 3))


def now_ms() -> int:
    """UTC, Unix milliseconds, as the system has it."""
    return time.time_ns() // 1_000_000


def now_us() -> int:
    """UTC, Unix microseconds, as the system has it."""
    return time.time_ns() // 1_000


def boot_ms() -> int:
    """The time since boot in milliseconds; it never jumps."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


def steady_ms(session: int) -> Callable[[], int]:
    """A clock that begins with the wall clock and is never set. Unix milliseconds.

    It never begins before `session`, of which the number is at least the Unix seconds of its start: a box that has no
    clock goes on from where it was.
    """
    ahead_ms = max(now_ms(), session * 1000) - boot_ms()
    return lambda: boot_ms() + ahead_ms


def _state(source: str, timesync: Path) -> ClockState:
    if source == "trusted":
        return ClockState.TRUSTED
    if source != "kernel":
        return ClockState.SYNCED if Path(source).exists() else ClockState.UNSYNCED
    with suppress(OSError):
        return ClockState.SYNCED if kernel_is_synced() else ClockState.UNSYNCED
    if timesync.is_dir():
        return ClockState.SYNCED if (timesync / "synchronized").exists() else ClockState.UNSYNCED
    return ClockState.UNKNOWN


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, and room for the rest."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


def kernel_is_synced() -> bool:
    """What the kernel says; raises OSError where it may not be asked."""
    answer = _Timex()  # modes 0: only asks
    adjtimex = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    if adjtimex is None:
        raise OSError("no adjtimex here")
    state = int(adjtimex(ctypes.byref(answer)))
    if state < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return state != TIME_ERROR and not answer.status & STA_UNSYNC


def _boot_number() -> int:
    try:
        return int(BOOT_ID.read_text(encoding="ascii").replace("-", "")[:BOOT_DIGITS], 16)
    except (OSError, ValueError):
        return 0
