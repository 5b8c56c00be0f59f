"""What decoders must not forget over a restart, and how often that is worth a write to the disk. Pure."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

COUNTERS = "counters"
"""In the memory of a device."""

KEEP_S = 600.0
"""Counters move with each packet, and the gateway writes its memory to the disk when it has changed: so often at most.
What a crash loses lets packets that are no older than this pass once more; an end in good order loses nothing."""


class Kept:
    """The numbers of one device, as a `Remembered`; `keep` costs nothing but the memory of this process."""

    def __init__(self, memory: MutableMapping[str, Any]) -> None:
        self._memory = memory
        self._numbers = _numbers(memory.get(COUNTERS))
        self._is_written = dict(self._numbers)
        self._due_s = float("-inf")

    def get(self, name: str, /) -> int | None:
        """None: never kept."""
        return self._numbers.get(name)

    def keep(self, name: str, number: int, /) -> None:
        """From now on; on the disk a while later."""
        self._numbers[name] = number

    def look(self, now_s: float) -> None:
        """Hand over to the disk what has changed, if that is not too often."""
        if now_s >= self._due_s and self._numbers != self._is_written:
            self._due_s = now_s + KEEP_S
            self.rest()

    def rest(self) -> None:
        """Hand all of it over."""
        if self._numbers != self._is_written:
            self._is_written = dict(self._numbers)
            self._memory[COUNTERS] = dict(self._numbers)


def _numbers(kept: Any) -> dict[str, int]:
    """As they were written; what somebody else wrote is none."""
    if not isinstance(kept, dict):
        return {}
    return {str(name): number for name, number in kept.items() if type(number) is int}
