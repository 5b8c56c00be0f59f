"""Between the polls of a SunSpec device and the core: what may have been read of another device does not pass."""

from __future__ import annotations

from gateway.adapter import Emit
from gateway.model import DeviceStatus, Notice, PointGroup, Relearned, Sample


class Gate:
    """An `Emit`. While it is closed the newest good sample of each group waits; bad points are told at once."""

    def __init__(self, emit: Emit) -> None:
        self.is_open = False
        self._emit = emit
        self._held: dict[PointGroup, Sample] = {}

    def __call__(self, item: Sample | DeviceStatus | Notice | Relearned, /) -> None:
        """Take it without waiting."""
        if self.is_open or not isinstance(item, Sample) or len(item.bad) == len(item.values):
            self._emit(item)
        else:
            self._held[item.group] = item

    async def durable(self, sample: Sample, /) -> None:
        """Only while it is open is anything kept for good."""
        if self.is_open:
            await self._emit.durable(sample)

    def open(self) -> None:
        """It is the device that is known, since what is held was read, too."""
        self.is_open = True
        for sample in self._held.values():
            self._emit(sample)
        self._held.clear()

    def close(self) -> None:
        """It may be another device when it answers the next time."""
        self.is_open = False
        self._held.clear()
