"""What a device says goes through here to samples: collapsed, and with what it has stopped to say. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.heard.collapse import Ages, Collapse, Found, sample_of
from adapters.ble.heard.points import NOTHING, Points
from adapters.ble.heard.silence import Silence
from gateway.model import PointGroup, Sample


class Voice:
    """The points of one device; it is `there` while what is heard is its own."""

    def __init__(self, points: Points, every_s: float, silence: Silence, now_s: float) -> None:
        self._points = points
        self._silence = silence
        self._every_s = every_s
        self._said = _collapse(points.said, every_s, points.restless)
        self._present = _collapse(points.present, every_s)
        self._ages = Ages(points.said.points if points.said is not None else (), now_s)
        self._presence = Ages(points.present.points if points.present is not None else (), now_s)
        self._understood_s = now_s
        self._spoken: tuple[str, ...] = ()
        """The points that the newest packet speaks of."""
        self._is_there = self._is_understood = False

    @property
    def known(self) -> Found:
        """What was told last of each point but events."""
        return {**(self._said.known if self._said else NOTHING), **(self._present.known if self._present else NOTHING)}

    def says(
        self, found: Found, events: Found, time_ms: int, now_s: float, *, is_there: bool = True, is_understood: bool
    ) -> Iterator[Sample]:
        """A packet: the samples that it is worth. `is_understood`: it is known what it says, if that is little."""
        self._spoken, self._is_there, self._is_understood = tuple(found), is_there, is_understood
        self.again(now_s)
        if self._said is not None and (sample := self._said.sample(found, time_ms, now_s)) is not None:
            yield sample
        if self._points.events is not None and events:
            yield sample_of(self._points.events, events, time_ms)
        if is_there:
            yield from self._there(True, time_ms, now_s)

    def met(self, time_ms: int, now_s: float) -> Iterator[Sample]:
        """It is there, though it says nothing."""
        self._presence.said(self._points.there(True), now_s)
        yield from self._there(True, time_ms, now_s)

    def again(self, now_s: float) -> None:
        """The newest packet came once more, which need not be told before `again_s`."""
        self._ages.said(self._spoken, now_s)
        if self._is_understood:
            self._understood_s = now_s
        if self._is_there:
            self._presence.said(self._points.there(True), now_s)

    def again_s(self, now_s: float) -> float:
        """When some of the newest packet is to be told though nothing has changed."""
        next_s = now_s + self._every_s
        if self._said is not None:
            next_s = min(next_s, self._said.again_s(self._spoken))
        if self._present is not None and self._is_there:
            next_s = min(next_s, self._present.again_s(self._present.group.points))
        return next_s

    def begin(self, now_s: float) -> None:
        """It is there after a silence: each point has as long again before it is stale."""
        self._ages.begin(now_s)
        self._understood_s = now_s

    def stale(self, now_s: float) -> Found:
        """Points that have turned stale since the last look."""
        silence, after_s = self._silence, self._silence.after_s
        if now_s - self._understood_s >= after_s:
            return self._ages.turned(now_s, after_s, after_s)
        return self._ages.turned(now_s, silence.rarely_s, silence.unsaid_s)

    def silent(self, stale: Found, time_ms: int, now_s: float) -> Iterator[Sample]:
        """What is to be told of these, and of the device's absence, if it has been away for as long."""
        if self._said is not None and (sample := self._said.sample(self._said.changed(stale), time_ms, now_s)):
            yield sample
        after_s = self._silence.after_s
        if self._presence.turned(now_s, after_s, after_s):
            yield from self._there(False, time_ms, now_s)

    def _there(self, is_there: bool, time_ms: int, now_s: float) -> Iterator[Sample]:
        if self._present is not None:
            sample = self._present.sample(self._points.there(is_there), time_ms, now_s)
            if sample is not None:
                yield sample


def _collapse(group: PointGroup | None, every_s: float, restless: frozenset[str] = frozenset()) -> Collapse | None:
    return Collapse(group, every_s, restless) if group is not None else None
