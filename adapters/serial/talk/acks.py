"""Acknowledgements, for devices that delete what we have acknowledged: sent once the values are on disk."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from adapters.serial.talk.order import Order
from adapters.serial.talk.talker import Talker
from gateway.adapter import Emit, Unkept
from gateway.model import Notice, Sample

MAX_WAITING = 100
"""Of one line, for the disk and for their turn: what is not acknowledged the device says again."""


class Ack:
    """A job: one word, to which no answer is awaited."""

    def __init__(self, talker: Talker, data: bytes, *, sealed: bool) -> None:
        self._talker = talker
        self._data = data
        self._sealed = sealed

    async def perform(self) -> None:
        """Say it."""
        self._talker.say(self._data, sealed=self._sealed)

    def drop(self) -> None:
        """The device will say all again."""


class Acks:
    """In the order of what they acknowledge."""

    def __init__(self, order: Order, talker: Talker, emit: Emit, lose: Callable[[Exception], None]) -> None:
        self.left_out = 0
        """Messages without a word: too many waited, or there was no room for their values."""
        self._order = order
        self._talker = talker
        self._emit = emit
        self._lose = lose
        self._waiting: deque[tuple[asyncio.Task[bool], Ack]] = deque()

    def take(self, sample: Sample, data: bytes, *, sealed: bool = False) -> None:
        """Tell of these values, and say this once they are on disk. `sealed`: it has its checksum."""
        if len(self._waiting) + self._order.acknowledging >= MAX_WAITING:
            self.left_out += 1
            if sample.values:
                self._emit(sample)
            return
        task = asyncio.create_task(self._durable(sample), name="acknowledge")
        self._waiting.append((task, Ack(self._talker, data, sealed=sealed)))
        task.add_done_callback(self._on_disk)

    def close(self) -> None:
        """Nothing is acknowledged any more."""
        for task, _ in self._waiting:
            task.cancel()

    async def _durable(self, sample: Sample) -> bool:
        """Whether it may be acknowledged: what has no values says nothing that could be lost, and has its turn too."""
        if not sample.values:
            return True
        try:
            await self._emit.durable(sample)
        except Unkept as error:
            self.left_out += 1
            self._emit(Notice(sample.group.device, f"it is not acknowledged: {error}"))
            return False
        return True

    def _on_disk(self, _task: asyncio.Task[bool]) -> None:
        while self._waiting and self._waiting[0][0].done():
            task, ack = self._waiting.popleft()
            if task.cancelled():
                continue
            if isinstance(error := task.exception(), Exception):
                self._lose(error)
            elif error is None and task.result():
                self._order.acknowledge(ack)
