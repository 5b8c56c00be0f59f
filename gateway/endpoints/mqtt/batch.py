"""Readings that travel together: JSON arrays of envelopes, whose bytes are joined and never decoded. Pure."""

from __future__ import annotations

from collections import deque

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
        full = len(self._waiting) >= self._max_messages or 1 + self._size >= self._max_bytes
        return full or self._urgent > 0 or now_s >= due_s
