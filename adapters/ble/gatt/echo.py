"""What is notified, but for what is only the echo of our own read: BlueZ tells what was read in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

ECHO_S = 0.5
"""It may come before the answer to the read, or so much later: each has a wire of its own."""

Hear = Callable[[bytes], None]
"""Takes what a device tells by itself; returns at once."""


class Echo:
    """Of one characteristic that is listened to; `tells` are told, in their order, once `show` was."""

    def __init__(self, tell: Hear, now: Callable[[], float], show: Hear) -> None:
        self.tells = [tell]
        self._now = now
        self._show = show
        self._held: list[bytes] | None = None
        self._expected: tuple[bytes, float] | None = None

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Nothing is told meanwhile: only then it is known what the read has brought."""
        self._held = []
        try:
            yield
        finally:
            held, self._held = self._held, None
            for data in held:
                self._hear(data)

    def expect(self, data: bytes) -> None:
        """This was read: one of these is an echo."""
        self._expected = data, self._now() + ECHO_S

    def hear(self, _where: object, data: bytearray) -> None:
        """As bleak calls it."""
        if self._held is not None:
            self._held.append(bytes(data))
        else:
            self._hear(bytes(data))

    def _hear(self, data: bytes) -> None:
        expected = self._expected
        if expected is not None and data == expected[0] and self._now() <= expected[1]:
            self._expected = None
            return
        self._show(data)
        for tell in tuple(self.tells):
            tell(data)
