"""The newest that is known of every point, and who watches it change. Pure: nothing here waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from gateway.model import Bad, PointGroup, Sample, Value

WATCHED = 1_000
"""Samples kept for one who watches and does not keep up; the oldest go first."""


class Reading(NamedTuple):
    """What is known of a point: a good value, or why there is none; `time_ms` is when it was read (UTC, Unix)."""

    time_ms: int
    value: Value | None
    bad: Bad | None = None


class Watch:
    """Samples since the last look, for one who watches; `missed` counts those that went for want of room."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.missed = 0
        self._wake = wake
        self._samples: deque[Sample] = deque(maxlen=WATCHED)

    def put(self, sample: Sample) -> None:
        """Take it, and say that there is something."""
        self.missed += len(self._samples) == WATCHED
        self._samples.append(sample)
        self._wake()

    def take(self) -> list[Sample]:
        """What has come since the last time, oldest first."""
        taken = list(self._samples)
        self._samples.clear()
        return taken


class Latest:
    """The last sample of each group of points."""

    def __init__(self) -> None:
        self._samples: dict[PointGroup, Sample] = {}
        self._watches: list[Watch] = []

    def put(self, sample: Sample) -> None:
        """Note a sample, of a device or the core's own word about one."""
        self._samples[sample.group] = sample
        for watch in self._watches:
            watch.put(sample)

    def samples(self) -> list[Sample]:
        """The last one of each group."""
        return list(self._samples.values())

    def of(self, device: str) -> dict[str, Reading]:
        """By point, whatever is known of this device."""
        return {
            name: reading
            for group, sample in self._samples.items()
            if group.device == device
            for name, reading in _readings(sample)
        }

    def values(self, device: str, points: Collection[str]) -> dict[str, Value]:
        """Of these points those that have a good value."""
        return {
            name: value
            for group, sample in self._samples.items()
            if group.device == device
            for name, value in zip(group.points, sample.values, strict=True)
            if value is not None and name in points
        }

    @contextmanager
    def watched(self, wake: Callable[[], None]) -> Iterator[Watch]:
        """Everything from now on; `wake` is called with each sample."""
        watch = Watch(wake)
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)


def _readings(sample: Sample) -> Iterator[tuple[str, Reading]]:
    for name, value in zip(sample.group.points, sample.values, strict=True):
        yield name, Reading(sample.time_ms, value, sample.bad.get(name))
