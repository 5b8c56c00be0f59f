"""When devices were asked last, for the next connection: some servers close each after a single answer. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gateway.adapter import Memory

ASKED = "asked"
"""In what is kept of a device: its messages, and when each was asked for, on the loop's clock."""

Key = tuple[str, str]
"""A device and one of its messages."""


class Asked:
    """Kept only while there is no connection: else each question would be a change for the disk."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def note(self, asked_s: Mapping[Key, float]) -> None:
        """A connection has ended with which all was well."""
        for (device, message), at_s in asked_s.items():
            if device in self._memory:
                self._memory[device].setdefault(ASKED, {})[message] = at_s

    def lately(self, now_s: float, every_s: Mapping[Key, float]) -> Collection[Key]:
        """What need not be asked for before it is due; forgotten with that."""
        noted = {device: facts.pop(ASKED, {}) for device, facts in self._memory.items()}
        return {
            (device, message)
            for (device, message), period_s in every_s.items()
            if 0 <= now_s - noted.get(device, {}).get(message, -period_s) < period_s
        }
