"""How many things a second there were between two looks. Pure: time comes in as an argument."""

from __future__ import annotations


class Rate:
    """Of a counter that only grows."""

    def __init__(self, now_s: float) -> None:
        self._count = 0
        self._looked_s = now_s
        self._last = 0.0

    def look(self, count: int, now_s: float) -> float:
        """Per second since the look before; two looks at the same moment see the same."""
        passed_s = now_s - self._looked_s
        if passed_s > 0:
            self._last = round((count - self._count) / passed_s, 3)
            self._count, self._looked_s = count, now_s
        return self._last
