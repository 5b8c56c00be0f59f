"""The open port: bytes come in and leave as frames, what we say goes out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from typing_extensions import override

from adapters.serial.framing.frame import Frame, Framer
from gateway.adapter import AdapterError, Direction, Tap, Unheard
from gateway.ports.port import Port

PIECE_BYTES = 4096
"""Taken apart at once; a longer chunk would hold up all other links."""
WINDOW_S = 0.1
WINDOW_COST = 100_000
"""What a port may cost in a window: 1 MB/s, or 14,000 frames of 20 bytes a second; more waits at the far end."""
BUSY_S = 0.03
"""The processor's time that a port may take in a window, whatever it sends: a flood of false beginnings costs 5 us a
byte, noise a hundredth of that.
"""
FRAME_COST = 50
"""A frame costs as much as so many bytes that belong to none."""
BUSY_BYTES = 100
"""A line on which so many come in a window is busy, as one of 9600 baud that is never idle: reading may wait a little.
"""
UNSENT_BYTES = 65_536
"""So much can only wait when the far end takes nothing at all."""
ROUNDING_S = 1e-6
"""Timers are exact to this."""
AMID_S = 0.2
"""What comes so soon after the port was opened, unasked, may have begun before: a character of 110 baud takes half of
it, and what USB adapters and device servers collect is here by then, too.
"""
QUIET_S = 1.0
"""After so long what was begun is no frame any more when something new is said."""

Hear = Callable[[Frame, int], None]
"""Takes a frame, and when its last byte came, in Unix milliseconds."""


@dataclass
class Counters:
    """What has come over a port and gone out."""

    bytes: int = 0
    frames: int = 0
    echo_errors: int = 0
    floods: int = 0


class Wire(asyncio.Protocol):
    """One connection's bytes; `hear` takes frames as they end, `lost` fails when the connection is gone."""

    def __init__(self, framer: Framer, where: str, *, local_echo: bool = False) -> None:
        self.counters = Counters()
        self.losses = framer.losses
        self.hear: Hear = lambda _frame, _time_ms: None
        self.tap: Tap | None = None
        self.is_idle: Callable[[], bool] = _never
        """Whether nothing is to come now."""
        self.may_wait: Callable[[], bool] = _never
        """Whether nobody speaks who waits for what comes next."""
        self.heard_s = self.begun_s = 0.0
        """When the last byte came, and the last that has not become a frame; on the loop's clock."""
        self._framer = framer
        self._where = where
        self._loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[None] = self._loop.create_future()
        self._port: Port | None = None
        self._closed = self._loop.create_future()
        self._opened_s: float | None = None
        """Until something has come or was said."""
        self._local_echo = local_echo
        self._echo = b""
        self._held = b""
        self._spent = 0
        self._busy_s = 0.0
        self._window_ends_s = 0.0
        self._came_before = 0
        """How many bytes had come when the window began."""
        self._busy = False
        self._time_ms = 0
        self._gap_timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._port = cast("Port", transport)
        self._opened_s = self._loop.time()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._port = None
        if not self._closed.done():
            self._closed.set_result(None)
        self.lose(self._reason(exc))

    @property
    def open(self) -> bool:
        """Whether anything can be said."""
        return self._port is not None and not self.lost.done()

    @property
    def ended_idle(self) -> bool:
        """Whether it was closed while nothing was to come."""
        return self.lost.done() and not self.lost.cancelled() and isinstance(self.lost.exception(), Unheard)

    def lose(self, error: Exception) -> None:
        """The connection is of no use any more."""
        if not self.lost.done():
            self.lost.set_exception(error)

    async def close(self) -> None:
        """Return once the port is free for others."""
        if self._gap_timer is not None:
            self._gap_timer.cancel()
        if self._port is not None:
            self._port.abort()
            await self._closed
        if self.lost.done():
            self.lost.exception()  # told already, or not wanted any more

    def say(self, data: bytes, *, sealed: bool = False) -> bytes:
        """Send this, packed as the framing wants it; what went on the wire. `sealed`: it has its checksum."""
        packed = self._framer.wrap(data, sealed=sealed)
        if self._port is None:
            return packed
        self.attend()
        self._opened_s = None
        self.rest()
        if self._local_echo:
            self._echo += packed
        if self.tap is not None:
            self._show("tx", packed)
        self._port.write(packed)
        if self._port.get_write_buffer_size() > UNSENT_BYTES:
            self.lose(AdapterError(f"{self._where} takes nothing any more: flow control, or a cable that is out?"))
        return packed

    def attend(self) -> None:
        """What has come is taken before anything is said."""
        if self._port is not None:
            self._port.read_now()

    async def set_baudrate(self, baudrate: int) -> None:
        """Once all that was said is out."""
        if self._port is not None:
            await self._port.set_baudrate(baudrate)

    def rest(self, after_s: float = QUIET_S) -> None:
        """What was begun so long ago, and has not gone on, is no frame; nor is an echo to be awaited any more."""
        if self._loop.time() - self.heard_s >= after_s:
            self._echo = b""
            if self.begun_s:
                self.begun_s = 0.0
                self._heard(self._framer.silence())

    @override
    def data_received(self, data: bytes) -> None:
        self.heard_s = now_s = self._loop.time()
        self._time_ms = time.time_ns() // 1_000_000
        self.counters.bytes += len(data)
        if self._opened_s is not None:
            self._begin(now_s - self._opened_s)
        if self.tap is not None:
            self._show("rx", bytes(data))
        if self._echo:
            data = self._without_echo(data)
        if now_s >= self._window_ends_s:
            self._open_window(now_s)
        if self._busy:
            self._read_later()
        if self._held or len(data) > PIECE_BYTES or self._is_spent:
            self._hold(data)
        else:
            self._take(data)

    @override
    def eof_received(self) -> bool:
        return False

    def _show(self, direction: Direction, data: bytes) -> None:
        """Let the tap see it; one that fails is taken off and told of, and the line goes on."""
        assert self.tap is not None
        try:
            self.tap(direction, data)
        except Exception as error:  # noqa: BLE001 -- a looker-on may not cost the link
            self.tap = None
            self._loop.call_exception_handler({"message": f"the tap on {self._where} failed", "exception": error})

    def _reason(self, exc: Exception | None) -> Exception:
        """What ended the connection: an error of ours that the transport caught stays what it is."""
        if exc is not None and not isinstance(exc, OSError):
            return exc
        if self.is_idle() and (exc is None or isinstance(exc, ConnectionResetError)):
            return Unheard(f"{self._where} was closed, on which nothing was asked just then")
        return AdapterError(f"{self._where} has gone away{f': {exc}' if exc is not None else ''}")

    def _begin(self, after_s: float) -> None:
        """The first bytes are here."""
        self._opened_s = None
        if after_s < AMID_S:
            self._framer.amid()

    def _take(self, data: bytes) -> None:
        began_s = time.thread_time()
        frames = self._framer.feed(data)
        self._spent += len(data) + FRAME_COST * len(frames)
        self.begun_s = self.heard_s if self._framer.begun else 0.0
        self._heard(frames)
        self._busy_s += time.thread_time() - began_s
        if self._framer.gap_s is not None and self._gap_timer is None:
            self._gap_timer = self._loop.call_at(self.heard_s + self._framer.gap_s, self._gap)

    def _heard(self, frames: list[Frame]) -> None:
        self.counters.frames += len(frames)
        for frame in frames:
            self.hear(frame, self._time_ms)

    def _gap(self) -> None:
        """Nothing may have come for long enough; if something has, it is too early."""
        assert self._framer.gap_s is not None
        self._gap_timer = None
        now_s, ends_s = self._loop.time(), self.heard_s + self._framer.gap_s
        if self._held or now_s < ends_s - ROUNDING_S:
            self._gap_timer = self._loop.call_at(max(ends_s, now_s + WINDOW_S if self._held else 0.0), self._gap)
            return
        self.begun_s = 0.0
        self._safely(lambda: self._heard(self._framer.silence()))

    def _safely(self, work: Callable[[], None]) -> None:
        """A timer has no task that could fail: what goes wrong is this link's."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 -- else nobody would know
            self.lose(error)

    def _without_echo(self, data: bytes) -> bytes:
        """What is not our own; if it is not what we have said, somebody else spoke at the same time."""
        size = min(len(data), len(self._echo))
        if data[:size] == self._echo[:size]:
            self._echo = self._echo[size:]
            return data[size:]
        self.counters.echo_errors += 1
        self._echo = b""
        return data

    def _hold(self, data: bytes) -> None:
        """Too much at once: the far end waits until this is worked off."""
        is_first = not self._held
        self._held += data
        if is_first:
            self._pause()
            self._work_off()

    def _work_off(self) -> None:
        if not self.open:
            self.losses.junk_bytes += len(self._held)
            self._held = b""
            return
        now_s = self._loop.time()
        if now_s >= self._window_ends_s:
            self._open_window(now_s)
        if not self._is_spent:
            piece, self._held = self._held[:PIECE_BYTES], self._held[PIECE_BYTES:]
            self._safely(lambda: self._take(piece))
        if not self._held:
            self._resume()
        elif not self._is_spent:
            self._loop.call_soon(self._work_off)
        else:
            self.counters.floods += 1
            self._loop.call_at(self._window_ends_s, self._work_off)

    def _open_window(self, now_s: float) -> None:
        came = self.counters.bytes
        self._busy = came - self._came_before >= BUSY_BYTES and now_s < self._window_ends_s + WINDOW_S
        self._came_before = came
        self._window_ends_s, self._spent, self._busy_s = now_s + WINDOW_S, 0, 0.0

    @property
    def _is_spent(self) -> bool:
        """Whether the rest waits for the next window."""
        return self._spent > WINDOW_COST or self._busy_s > BUSY_S

    def _read_later(self) -> None:
        """Unless it matters when exactly bytes come, or somebody waits for them."""
        if self._framer.gap_s is None and self.tap is None and self._port is not None and self.may_wait():
            self._port.read_later()

    def _pause(self) -> None:
        if self._port is not None:
            self._port.pause_reading()

    def _resume(self) -> None:
        if self._port is not None:
            self._port.resume_reading()


def _never() -> bool:
    return False
