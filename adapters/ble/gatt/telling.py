"""What a device tells by itself of one characteristic: bounded, the newest always."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from adapters.ble.gatt.attributes import called
from adapters.ble.gatt.flow import Flow
from adapters.ble.gatt.group import Group
from adapters.ble.items import Tell
from gateway.model import Notice, Sample

CALM_S = 10.0
"""After so long without anything left out a flood is over."""

Took = Callable[[Group, Sample], None]
"""Takes what was told, once it is emitted."""


class Telling:
    """Of one characteristic, over all connections to its device."""

    def __init__(self, name: str, group: Group, rate: float, emit: Tell, took: Took) -> None:
        (self.attribute,) = group.attributes
        self.group = group
        self.told = self.left_out = 0
        self._name = name
        self._rate = rate
        self._flow = Flow(rate)
        self._emit = emit
        self._took = took
        self._newest: tuple[bytes, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._flooded_s: float | None = None
        self._awaited: list[asyncio.Future[Sample]] = []
        self._loop = asyncio.get_running_loop()

    def hear(self, data: bytes) -> None:
        """It was notified: never takes long."""
        now_s = self._loop.time()
        if self._newest is None and self._flow.passes(now_s):
            self._tell(data, time.time_ns() // 1_000_000)
            return
        if self._newest is None:
            self._timer = self._loop.call_later(self._flow.wait_s(now_s), self._let_through)
        else:
            self._leave_out(now_s)
        self._newest = data, time.time_ns() // 1_000_000

    def next(self) -> asyncio.Future[Sample]:
        """What is told next; cancel it if it is not awaited any more."""
        self._awaited = [each for each in self._awaited if not each.done()]
        self._awaited.append(coming := self._loop.create_future())
        return coming

    def look(self, now_s: float) -> None:
        """Say when a flood is over."""
        if self._flooded_s is not None and now_s - self._flooded_s > CALM_S:
            self._flooded_s = None
            self._emit(
                Notice(self._name, f"{self._what} is notified at a pace that can be followed again", mended=True)
            )

    def close(self) -> None:
        """The connection is over: what still waits is told."""
        if self._timer is not None:
            self._timer.cancel()
            self._let_through()

    def _let_through(self) -> None:
        self._timer = None
        newest, self._newest = self._newest, None
        if newest is not None:
            self._flow.passes(self._loop.time())
            self._tell(*newest)

    def _leave_out(self, now_s: float) -> None:
        self.left_out += 1
        if self._flooded_s is None:
            words = f"{self._what} is notified more than {self._rate:g} times a second"
            self._emit(Notice(self._name, f"{words}: what is more is left out and counted"))
        self._flooded_s = now_s

    def _tell(self, data: bytes, time_ms: int) -> None:
        self.told += 1
        sample = self.group.sample({self.attribute: data}, time_ms)
        self._emit(sample)
        self._took(self.group, sample)
        for coming in self._awaited:
            if not coming.done():
                coming.set_result(sample)
        self._awaited.clear()

    @property
    def _what(self) -> str:
        return called(self.attribute)
