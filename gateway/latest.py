"""The newest that is known of every point, and who watches it change. Pure: nothing here waits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
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
    """What was last told of each group of points: a whole sample, or by point where samples speak of some only."""

    def __init__(self) -> None:
        self._known: dict[PointGroup, Sample | dict[str, Reading]] = {}
        self._watches: list[Watch] = []

    def put(self, sample: Sample) -> None:
        """Note a sample, of a device or the core's own word about one."""
        self._known[sample.group] = self._with(sample) if sample.partial else sample
        for watch in self._watches:
            watch.put(sample)

    def samples(self) -> list[Sample]:
        """The last one of each group; several, oldest first, where its points were last told at several times."""
        return [sample for group, known in self._known.items() for sample in _samples(group, known)]

    def of(self, device: str) -> dict[str, Reading]:
        """By point, whatever is known of this device."""
        return {
            name: reading
            for group, known in self._known.items()
            if group.device == device
            for name, reading in (readings(known) if isinstance(known, Sample) else known.items())
        }

    def _with(self, sample: Sample) -> dict[str, Reading]:
        """What is known with a partial sample: the rest stays as it was."""
        known = self._known.get(sample.group, {})
        by_point = dict(readings(known)) if isinstance(known, Sample) else known
        by_point.update(readings(sample))
        return by_point

    @contextmanager
    def watched(self, wake: Callable[[], None]) -> Iterator[Watch]:
        """Everything from now on; `wake` is called with each sample."""
        watch = Watch(wake)
        self._watches.append(watch)
        try:
            yield watch
        finally:
            self._watches.remove(watch)


def readings(sample: Sample) -> Iterator[tuple[str, Reading]]:
    """Of the points that it speaks of."""
    for name, told in sample.told():
        yield name, Reading(sample.time_ms, None, told) if isinstance(told, Bad) else Reading(sample.time_ms, told)


def _samples(group: PointGroup, known: Sample | dict[str, Reading]) -> list[Sample]:
    """The fewest samples that say all of it."""
    if isinstance(known, Sample):
        return [known]
    return [_at(time_ms, group, known) for time_ms in sorted({reading.time_ms for reading in known.values()})]


def _at(time_ms: int, group: PointGroup, known: dict[str, Reading]) -> Sample:
    then = {name: reading for name, reading in known.items() if reading.time_ms == time_ms}
    values = tuple(then[name].value if name in then else None for name in group.points)
    bad = {name: reading.bad for name, reading in then.items() if reading.bad is not None}
    return Sample(group, time_ms, values, bad, partial=len(then) < len(group.points))
