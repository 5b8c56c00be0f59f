"""What one connection publishes: how many at once, in what order, and the broker's word on each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from gateway.endpoints.contract import Ack, Message
from gateway.endpoints.mqtt.batch import BRACKETS_BYTES, Groups
from gateway.endpoints.mqtt.config import BatchConfig

WINDOW_MESSAGES = 10_000
"""Envelopes the house may hand over before the first is acknowledged, where they travel in batches: as many as may wait
in memory at the door (gateway.outbox.staging)."""

CROWD_MESSAGES = WINDOW_MESSAGES // 2
"""When so many wait for company, none waits any longer: only as many more could be handed over, results too."""

LARGEST_IN_FLIGHT = 4
"""How many of the largest batches may be in flight, by their bytes. With 128 KiB: enough to fill 80 Mbit/s at a round
trip of 50 ms, and little enough that at 1 Mbit/s each is acknowledged in time, and no result waits for long behind
them."""


Send = Callable[[str, bytes, bool], int | None]
"""Publishes a payload on a topic, retained or not; returns its packet id, or None when the connection is at its end."""


class Routes(Protocol):
    """Where messages go, and which may travel together."""

    def group_of(self, message: Message, /) -> str | None:
        """With whom it may travel; None: it goes by itself."""

    def behind(self, message: Message, /) -> str | None:
        """Which group must leave before one that goes by itself; None: whatever waits may come after it."""

    def alone(self, message: Message, /) -> str:
        """The topic of one that goes by itself."""

    def together(self, group: str, payload: bytes, /) -> str:
        """The topic of an array of messages of this group."""


class Outgoing:
    """At most `room` publishes are in flight. What waits for room goes before readings that wait for company."""

    def __init__(self, routes: Routes, batch: BatchConfig, send: Send, *, bytes_in_flight: int | None = None) -> None:
        """`bytes_in_flight`: of batches, unless as many as LARGEST_IN_FLIGHT says."""
        self.in_flight: dict[int, tuple[tuple[int, ...], float, int]] = {}
        """By packet id: the tokens of its envelopes, when it was sent, and how many bytes it had."""
        self._routes = routes
        self._settings = batch
        self._send = send
        self._room = 0
        self._bytes = 0
        self._first: deque[Message] = deque()
        self._groups = Groups(batch.max_messages, batch.max_bytes, batch.max_age, CROWD_MESSAGES)
        self._batches = batch.max_messages > 1
        self._bytes_in_flight = bytes_in_flight or LARGEST_IN_FLIGHT * batch.max_bytes
        self._acks: list[Ack] = []
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def open(self, room: int, max_bytes: int) -> tuple[int, int]:
        """How many envelopes may be unacknowledged, and how large each, where a broker takes such publishes.

        With batches one more than is in flight can fill meanwhile, so that none waits half full for want of envelopes.
        """
        self._room = room
        if not self._batches:
            return room, max_bytes
        self._groups.bound(max_bytes)
        window = min((room + 1) * self._settings.max_messages, WINDOW_MESSAGES)
        return max(room, window), max(1, max_bytes - BRACKETS_BYTES)

    def publish(self, message: Message) -> None:
        """Send it as soon as there is room; a reading perhaps with others."""
        group = self._routes.group_of(message) if self._batches else None
        if group is not None:
            self._groups.add(group, message.token, message.payload, self._loop.time())
            self._pump()
            return
        behind = self._routes.behind(message) if self._batches else None
        if behind is not None:
            self._groups.hurry(behind)
            self._pump()
        if not self._first and len(self.in_flight) < self._room:
            self._send_alone(message)
        else:
            self._first.append(message)

    def flush(self) -> None:
        """Readings that wait for company wait no longer."""
        self._groups.hurry()
        self._pump()

    def settle(self, packet_id: int, code: int = 0, *, about_message: bool = False, text: str = "") -> None:
        """The broker has spoken about this publish, and so about every envelope in it."""
        tokens, _, size = self.in_flight.pop(packet_id, ((), 0.0, 0))
        self._bytes -= size
        shared = len(tokens) > 1
        for token in tokens:
            self._acks.append(Ack(token, code, about_message, text, shared))

    def report(self, acknowledged: Callable[[list[Ack]], None]) -> None:
        """Tell what was settled since, and use the room this has made."""
        if self._acks:
            acks, self._acks = self._acks, []
            acknowledged(acks)
            self._pump()

    @property
    def oldest_s(self) -> float | None:
        """When the oldest publish in flight was sent."""
        return next(iter(self.in_flight.values()))[1] if self.in_flight else None

    @property
    def is_idle(self) -> bool:
        """Whether nothing is in flight, and nothing waits."""
        return not (self.in_flight or self._first) and self._groups.is_empty

    def close(self) -> None:
        """Send nothing more by itself."""
        self._room = 0
        if self._timer is not None:
            self._timer.cancel()

    def _pump(self) -> None:
        """Use the room there is; while there is some, look again when the oldest reading has waited long enough."""
        while len(self.in_flight) < self._room:
            if self._first:
                self._send_alone(self._first.popleft())
            elif self._bytes >= self._bytes_in_flight:
                return
            elif found := self._groups.take(self._loop.time()):
                group, batch = found
                self._publish(self._routes.together(group, batch.payload), batch.payload, batch.tokens)
            else:
                self._wake_at(self._groups.due_s)
                return

    def _send_alone(self, message: Message) -> None:
        self._publish(self._routes.alone(message), message.payload, (message.token,), retain=message.retain)

    def _publish(self, topic: str, payload: bytes, tokens: tuple[int, ...], *, retain: bool = False) -> None:
        packet_id = self._send(topic, payload, retain)
        if packet_id is None:
            self._room = 0
            return
        self.in_flight[packet_id] = tokens, self._loop.time(), len(payload)
        self._bytes += len(payload)

    def _wake_at(self, due_s: float | None) -> None:
        if due_s is not None and self._timer is None:
            self._timer = self._loop.call_at(due_s, self._woken)

    def _woken(self) -> None:
        self._timer = None
        self._pump()
