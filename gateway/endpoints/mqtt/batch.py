"""Readings that travel together: JSON arrays of envelopes, whose bytes are joined and never decoded. Pure."""

from __future__ import annotations

import math
from collections import deque
from heapq import heappop, heappush

from msgspec import Struct

from gateway.endpoints.payload import is_event

BRACKETS_BYTES = 2
"""What an array of one envelope has beside it."""


class Batch(Struct, frozen=True, gc=False):
    """One array, and what its envelopes are called in acknowledgements."""

    tokens: tuple[int, ...]
    payload: bytes


class Gathering:
    """Envelopes that wait for company, and leave in the order in which they came.

    A batch has at most `max_messages`, and at most `max_bytes` unless it holds a single one that is larger. It is cut
    only when it is taken: the longer that takes, the fuller it is. What an endpoint has encoded before its format was
    changed is in no array with what came since.
    """

    def __init__(self, max_messages: int, max_bytes: int, max_age_s: float) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._waiting: deque[tuple[int, bytes, float]] = deque()
        self._size = 0
        self._urgent = 0

    def bound(self, max_bytes: int) -> None:
        """The far end takes no array that is larger."""
        self._max_bytes = min(self._max_bytes, max_bytes)

    def add(self, token: int, payload: bytes, now_s: float) -> None:
        """Let this envelope wait for others."""
        self._waiting.append((token, payload, now_s))
        self._size += len(payload) + 1

    def hurry(self) -> None:
        """What waits now waits no longer for others."""
        self._urgent = len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether a batch can be cut that has no room for one more."""
        return len(self._waiting) >= self._max_messages or 1 + self._size >= self._max_bytes

    @property
    def due_s(self) -> float | None:
        """When the oldest will have waited for long enough; None when none waits."""
        return self._waiting[0][2] + self._max_age_s if self._waiting else None

    def take(self, now_s: float) -> Batch | None:
        """The next batch, if it is full or its time has come."""
        if not self._is_ready(now_s):
            return None
        tokens: list[int] = []
        payloads: list[bytes] = []
        size = 1
        events = is_event(self._waiting[0][1])
        while self._waiting and len(tokens) < self._max_messages:
            token, payload, _ = self._waiting[0]
            size += len(payload) + 1
            if tokens and (size > self._max_bytes or is_event(payload) != events):
                break
            self._waiting.popleft()
            self._size -= len(payload) + 1
            tokens.append(token)
            payloads.append(payload)
        self._urgent = max(0, self._urgent - len(tokens))
        return Batch(tuple(tokens), b"[%b]" % b",".join(payloads))

    def _is_ready(self, now_s: float) -> bool:
        """Sizes count an array's bytes as a bracket, and with each envelope the comma or bracket behind it."""
        due_s = self.due_s
        if due_s is None:
            return False
        return self.is_full or self._urgent > 0 or now_s >= due_s


class Groups:
    """Envelopes that may travel with their like only: a gathering for each group, by its name.

    Each gathering is noted for when its first one's time comes, or ready. When `crowd` wait, none waits for others.
    """

    def __init__(self, max_messages: int, max_bytes: int, max_age_s: float, crowd: int) -> None:
        self._max_messages = max_messages
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._crowd = crowd
        self._count = 0
        self._is_crowded = False
        self._gatherings: dict[str, Gathering] = {}
        self._ready: deque[str] = deque()
        """Groups of which something may leave; some perhaps for the second time."""
        self._due: list[tuple[float, str]] = []
        self._noted: dict[str, float] = {}
        """The first of each group's places in `_due`; others there are of no account any more."""

    def bound(self, max_bytes: int) -> None:
        """The far end takes no array that is larger."""
        self._max_bytes = min(self._max_bytes, max_bytes)

    def add(self, group: str, token: int, payload: bytes, now_s: float) -> None:
        """Let this envelope wait for others of its group."""
        gathering = self._gatherings.get(group)
        if gathering is None:
            gathering = self._gatherings[group] = Gathering(self._max_messages, self._max_bytes, self._max_age_s)
            self._note(group, now_s + self._max_age_s)
        gathering.add(token, payload, now_s)
        self._count += 1
        if gathering.is_full:
            self._ready.append(group)
        if self._count >= self._crowd and not self._is_crowded:
            self._is_crowded = True
            self.hurry()

    def hurry(self, group: str | None = None) -> None:
        """What waits now, of this group or of all, waits no longer for others."""
        for name in self._gatherings if group is None else {group} & self._gatherings.keys():
            self._gatherings[name].hurry()
            self._ready.append(name)

    @property
    def is_empty(self) -> bool:
        """Whether none waits."""
        return not self._gatherings

    @property
    def due_s(self) -> float | None:
        """When to look again, where nothing is ready; None when none waits."""
        return self._due[0][0] if self._gatherings else None

    def take(self, now_s: float) -> tuple[str, Batch] | None:
        """The next batch and its group, if any is full or its time has come."""
        self._look_at_due(now_s)
        while self._ready:
            group = self._ready[0]
            gathering = self._gatherings.get(group)
            batch = None if gathering is None else gathering.take(now_s)
            if gathering is not None and gathering.due_s is None:
                del self._gatherings[group]
            if batch is not None:
                self._left(len(batch.tokens))
                return group, batch
            self._ready.popleft()
            if gathering is not None and gathering.due_s is not None:
                self._note(group, gathering.due_s)
        return None

    def _left(self, count: int) -> None:
        self._count -= count
        self._is_crowded = self._is_crowded and self._count >= self._crowd // 2

    def _look_at_due(self, now_s: float) -> None:
        while self._due and self._due[0][0] <= now_s:
            noted_s, group = heappop(self._due)
            if self._noted.get(group) != noted_s:
                continue
            del self._noted[group]
            if group in self._gatherings:
                self._ready.append(group)  # where its first ones have left meanwhile, it is noted anew

    def _note(self, group: str, due_s: float) -> None:
        if due_s < self._noted.get(group, math.inf):
            self._noted[group] = due_s
            heappush(self._due, (due_s, group))
