"""A text in which two patterns are both found. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from adapters.serial.patterns.automaton import Automaton, State, TooLarge
from adapters.serial.patterns.chars import LAST_BYTE, LAST_CHARACTER, both, plainest
from adapters.serial.patterns.parse import NotUnderstood, parse
from adapters.serial.patterns.pattern import Encoding, compiled

MAX_PLACES = 20_000
"""Pairs of states that are looked at, of two patterns: half a second at most; two lines of instruments have a thousand.
"""
MAX_PLACES_IN_ALL = 200_000
"""Of all patterns of a line: some seconds. Whoever waits for `check` would take more for an endless loop."""


class _Place(NamedTuple):
    """Where both patterns are in one text, of which something has been read (`begun`) or nothing may come (`ended`)."""

    one: int
    other: int
    begun: bool
    ended: bool


_Step = tuple[str, _Place]
_Came = dict[_Place, tuple[_Place, str] | None]


def overlap(one: str, other: str, encoding: Encoding = "latin-1") -> str | None:
    """A short text that fits both; None if there is none, or it would take too long to find it."""
    return Overlaps(encoding).of(one, other)


class Overlaps:
    """Between many patterns; once all of them together have taken too long nothing more is found."""

    def __init__(self, encoding: Encoding, most_places: int = MAX_PLACES_IN_ALL) -> None:
        self._encoding: Encoding = encoding
        self._places_left = most_places
        self._automata: dict[str, Automaton | None] = {}

    def of(self, one: str, other: str) -> str | None:
        """A short text that fits both; None if there is none, or it would take too long to find it."""
        first, second = self._automaton(one), self._automaton(other)
        if first is None or second is None:
            return None
        text, places = _shortest(first, second, min(MAX_PLACES, self._places_left))
        self._places_left -= places
        fits = text is not None and all(_fits(text, each, self._encoding) for each in (one, other))
        return text if fits else None

    def _automaton(self, text: str) -> Automaton | None:
        """None of what is not understood, or too large."""
        if text not in self._automata:
            wide = self._encoding == "utf-8"
            try:
                made = Automaton(parse(text, wide=wide), LAST_CHARACTER if wide else LAST_BYTE)
            except (NotUnderstood, TooLarge):
                made = None
            self._automata[text] = made
        return self._automata[text]


def _fits(text: str, pattern: str, encoding: Encoding) -> bool:
    """By the engine itself: places that depend on their neighbours were taken for any."""
    return compiled(pattern, encoding).search(text.encode("utf-8" if encoding == "utf-8" else "latin-1")) is not None


def _shortest(one: Automaton, other: Automaton, most_places: int) -> tuple[str | None, int]:
    """Breadth first, what costs no character before what costs one; and how many places were looked at."""
    first = _Place(one.start, other.start, begun=False, ended=False)
    came: _Came = {first: None}
    waiting = deque([first])
    while waiting and len(came) <= most_places:
        place = waiting.popleft()
        if (place.one, place.other) == (one.accept, other.accept):
            return _text(came, place), len(came)
        for character, following in _steps(one.states[place.one], other.states[place.other], place):
            if following not in came:
                came[following] = (place, character)
                (waiting.append if character else waiting.appendleft)(following)
    return None, len(came)


def _steps(one: State, other: State, place: _Place) -> Iterator[_Step]:
    for state, is_one in ((one, True), (other, False)):
        for target in state.free if place.begun else (*state.free, *state.begin):
            yield "", place._replace(one=target) if is_one else place._replace(other=target)
        for target in state.end:
            following = place._replace(one=target) if is_one else place._replace(other=target)
            yield "", following._replace(ended=True)
    if not place.ended:
        for ranges, target in one.steps:
            for others, other_target in other.steps:
                if character := plainest(both(ranges, others)):
                    yield character, _Place(target, other_target, begun=True, ended=False)


def _text(came: _Came, place: _Place) -> str:
    """What was read on the way there."""
    characters: list[str] = []
    while step := came[place]:
        place, character = step
        characters.append(character)
    return "".join(reversed(characters))
