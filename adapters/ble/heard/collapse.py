"""What was told of a device's points, so that what is said again and again is told now and then. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.model import Bad, BadReason, PointGroup, Sample, Value

STALE = Bad(BadReason.STALE)

Found = Mapping[str, Value | Bad]
"""By point, what is said of it."""


class Collapse:
    """The points of one group: what changed is told at once, what did not after `every_s` again.

    `restless`: points that are never the same twice, as how strong a device is heard: their change alone is none.
    """

    def __init__(self, group: PointGroup, every_s: float, restless: frozenset[str] = frozenset()) -> None:
        self.group = group
        self._every_s = every_s
        self._restless = restless
        self._told: dict[str, tuple[Value | Bad, float]] = {}

    def sample(self, found: Found, time_ms: int, now_s: float) -> Sample | None:
        """Those of these that are to be told now; None where there are none."""
        due = {name: new for name, new in found.items() if self._is_due(name, new, now_s)}
        if not due or (self._restless and self._is_hardly_worth_it(due, now_s)):
            return None
        for name, new in due.items():
            self._told[name] = new, now_s
        return sample_of(self.group, due, time_ms)

    @property
    def known(self) -> Found:
        """What was told last of each."""
        return {name: told for name, (told, _) in self._told.items()}

    def changed(self, found: Found) -> Found:
        """Those of these that are not what was told last, however long ago."""
        return {name: new for name, new in found.items() if name not in self._told or _differ(self._told[name][0], new)}

    def again_s(self, names: Iterable[str]) -> float:
        """When the first of these is told again, though it is the same; all of them were told."""
        told = self._told
        return min([told[name][1] for name in names if name in told], default=float("inf")) + self._every_s

    def _is_due(self, name: str, new: Value | Bad, now_s: float) -> bool:
        told = self._told.get(name)
        return told is None or _differ(told[0], new) or now_s - told[1] >= self._every_s

    def _is_hardly_worth_it(self, due: Found, now_s: float) -> bool:
        """Whether all of it is restless as ever."""
        return all(name in self._restless and not self._is_old(name, now_s) for name in due)

    def _is_old(self, name: str, now_s: float) -> bool:
        """Whether it is more than a change of what is never the same."""
        told = self._told.get(name)
        return told is None or isinstance(told[0], Bad) or now_s - told[1] >= self._every_s


class Ages:
    """When each of some points was last said; one that is silent for too long is stale, told once."""

    def __init__(self, points: Iterable[str], now_s: float) -> None:
        self._said_s = dict.fromkeys(points, now_s)
        self._unsaid = set(self._said_s)
        self._stale: set[str] = set()

    def begin(self, now_s: float) -> None:
        """Each has as long again: the device is heard after a silence."""
        self._said_s = dict.fromkeys(self._said_s, now_s)
        self._stale.clear()

    def said(self, names: Iterable[str], now_s: float) -> None:
        """They were, whether that was told or not."""
        for name in names:
            self._said_s[name] = now_s
            self._unsaid.discard(name)
            self._stale.discard(name)

    def turned(self, now_s: float, after_s: float, unsaid_after_s: float) -> dict[str, Bad]:
        """Those that turned stale since the last look, by how long they may be silent; 0: for ever.

        `unsaid_after_s`: those that were never said.
        """
        late = [
            name
            for name, said_s in self._said_s.items()
            if name not in self._stale and 0 < (unsaid_after_s if name in self._unsaid else after_s) <= now_s - said_s
        ]
        self._stale.update(late)
        return dict.fromkeys(late, STALE)


def sample_of(group: PointGroup, found: Found, time_ms: int) -> Sample:
    """A sample that tells these, which are at least one."""
    values: tuple[Any, ...] = tuple(map(found.get, group.points))
    bad = {name: new for name, new in found.items() if isinstance(new, Bad)}
    if bad:
        values = tuple(None if isinstance(new, Bad) else new for new in values)
    return Sample(group, time_ms, values, bad, partial=len(found) < len(group.points))


def _differ(told: Value | Bad, new: Value | Bad) -> bool:
    """Whether it is another value: true is none of 1, though Python has them equal."""
    return type(told) is not type(new) or told != new
