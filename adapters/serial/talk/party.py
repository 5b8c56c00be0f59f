"""One device on the line: whether it is heard, and what is said of that."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from adapters.serial.config import SerialDevice
from adapters.serial.decode import Address, Heard, Reading, Shape
from adapters.serial.talk.script import Ground
from gateway.adapter import Emit
from gateway.model import BadReason, DeviceState, DeviceStatus, Sample

SETTLE_S = 0.5
"""A degraded device is online again after so long without a bad point: values may dance on their limits."""
SILENT = "silent"
"""The reason why a device that sends by itself is offline."""

Explain = Callable[[], str | None]
"""What may be wrong with the line, in a sentence for people; None where nothing seems to be."""


class Poll(Protocol):
    """One message that a device is asked for."""

    @property
    def silent(self) -> bool:
        """Whether that was given up."""

    @property
    def doubtful(self) -> bool:
        """Whether it was in vain, which may be chance."""

    def revive(self) -> None:
        """The device has said something again."""


class Party:
    """Its messages, polls and state."""

    def __init__(
        self, name: str, device: SerialDevice, shapes: Sequence[Shape], ground: Ground, *, emit: Emit, explain: Explain
    ) -> None:
        self.name = name
        self.device = device
        self.ground = ground
        self.shapes = shapes
        self.address: Address | None = None
        """As frames say it, where they do."""
        self.polls: list[Poll] = []
        self.state = DeviceState.UNKNOWN
        self._emit = emit
        self._explain = explain
        self._loop = asyncio.get_running_loop()
        self._begun_s = self._loop.time()
        self._heard_s: dict[Shape, float] = {}
        self._troubles: dict[Shape | str, BadReason] = {}
        """By what was heard, or by the message that was asked for in vain."""
        self._troubled_s = 0.0
        self._reason: str | None = None
        self._detail: str | None = None
        self._since_ms = 0
        self._waiting: list[tuple[frozenset[Shape], asyncio.Future[Reading]]] = []
        self._unasked = [(shape, after_s) for shape in shapes if (after_s := _silent_after_s(device, shape))]

    @property
    def alive(self) -> bool:
        """Whether it has been heard, and not given up since."""
        return self.state in {DeviceState.ONLINE, DeviceState.DEGRADED}

    def shapes_of(self, message: str) -> list[Shape]:
        """The frames in which a message comes."""
        return [shape for shape in self.shapes if shape.message == message]

    def heard(self, heard: Heard, time_ms: int) -> Sample:
        """It has said this: what is to be told of it."""
        shape, reading, _ = heard
        now_s = self._heard_s[shape] = self._loop.time()
        if reading.bad:
            self._troubles[shape] = next(iter(reading.bad.values())).reason
            self._troubles.pop(shape.message, None)
            self.report(now_s)
        elif self.state is not DeviceState.ONLINE or self._troubles:
            self._troubles.pop(shape, None)
            self._troubles.pop(shape.message, None)
            self.report(now_s)
        if self._waiting:
            self._hand_on(shape, reading)
        return Sample(shape.group, time_ms, reading.values, reading.bad)

    def spoiled(self, message: str, reason: BadReason) -> None:
        """A message was asked for, and this came of it."""
        self._troubles[message] = reason
        self.report(self._loop.time())

    def answered(self) -> None:
        """It has said something, if only that it refuses."""
        for poll in self.polls:
            poll.revive()

    def next_of(self, shapes: Sequence[Shape]) -> asyncio.Future[Reading]:
        """What it says next in one of these; cancel it if it is not awaited any more."""
        coming: asyncio.Future[Reading] = self._loop.create_future()
        self._waiting = [*self._still_waiting(), (frozenset(shapes), coming)]
        return coming

    def report(self, now_s: float) -> None:
        """Say what state it is in and why, if that has changed; not while that is just being found out."""
        state, reason = self._judge(now_s)
        detail = self._explain() if state is DeviceState.OFFLINE else None
        if (state, reason, detail) == (self.state, self._reason, self._detail) or state is DeviceState.UNKNOWN:
            return
        if state is not self.state:
            self._since_ms = time.time_ns() // 1_000_000
        self.state, self._reason, self._detail = state, reason, detail
        self._emit(DeviceStatus(self.name, state, self._since_ms, reason, detail))

    def _judge(self, now_s: float) -> tuple[DeviceState, str | None]:
        if self.polls and all(poll.silent for poll in self.polls) and not self._is_heard(now_s):
            return DeviceState.OFFLINE, BadReason.TIMEOUT
        if not self.polls and self._unasked and all(self._is_silent(*each, now_s) for each in self._unasked):
            return DeviceState.OFFLINE, SILENT
        if self.polls and all(poll.doubtful for poll in self.polls):
            return self.state, self._reason
        if self._troubles:
            self._troubled_s = now_s
            return DeviceState.DEGRADED, next(iter(self._troubles.values()))
        if self.state is DeviceState.DEGRADED and now_s - self._troubled_s < SETTLE_S:
            return self.state, self._reason
        return (DeviceState.ONLINE, None) if self._heard_s else (self.state, self._reason)

    def _is_silent(self, shape: Shape, after_s: float, now_s: float) -> bool:
        return now_s - self._heard_s.get(shape, self._begun_s) > after_s

    def _is_heard(self, now_s: float) -> bool:
        """Whether something has come lately that nobody asked for."""
        return any(not self._is_silent(*each, now_s) and each[0] in self._heard_s for each in self._unasked)

    def _hand_on(self, shape: Shape, reading: Reading) -> None:
        for shapes, coming in self._waiting:
            if shape in shapes and not coming.done():
                coming.set_result(reading)
        self._waiting = self._still_waiting()

    def _still_waiting(self) -> list[tuple[frozenset[Shape], asyncio.Future[Reading]]]:
        return [each for each in self._waiting if not each[1].done()]


def _silent_after_s(device: SerialDevice, shape: Shape) -> float:
    """After so long without one of these something is wrong; 0: never, or it is asked for."""
    parts: Mapping[str, object] = dict(device.parts())
    return 0.0 if getattr(parts[shape.message], "poll", None) is not None else (shape.group.stale_after_s or 0.0)
