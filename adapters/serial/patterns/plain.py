"""Patterns that never have a choice: in these Python's own engine finds the same in linear time, and sooner. Pure.

What comes next always says which way to go on (one-unambiguous: Brüggemann-Klein and Wood, 1998), so that there is one
way through a text at most, and each way back from it ends at its first character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from adapters.serial.patterns.chars import Ranges
from adapters.serial.patterns.tree import Chars, Choice, Group, Mark, Node, Repeat, Series

MAX_PLACES = 300
"""Characters of a pattern, repeats counted: each is compared with all that may follow it."""

BEGIN, END = Mark("begin"), Mark("end")


def plain(tree: Node) -> bytes | None:
    """The same in Python's words, to be matched at the begin; None if it has a choice or may be found anywhere."""
    parts = tree.parts if isinstance(tree, Series) else (tree,)
    if parts[:1] != (BEGIN,):
        return None
    ends = len(parts) > 1 and parts[-1] == END
    inner = Series(parts[1:-1] if ends else parts[1:])
    try:
        _Places().of(inner)
        return _written(inner) + (rb"\Z" if ends else b"")
    except _HasChoice:
        return None


class _HasChoice(Exception):
    """It has a choice somewhere, or something that both engines may see in two ways."""


class _Part(NamedTuple):
    """Where a part of the pattern may begin and end, and whether it may be empty; places are characters."""

    first: tuple[int, ...]
    last: tuple[int, ...]
    empty: bool


_EMPTY = _Part((), (), empty=True)


class _Places:
    """The characters of a pattern, and which may follow which (Glushkov, 1961)."""

    def __init__(self) -> None:
        self._characters: list[int] = []  # a bit for each
        self._follow: list[set[int]] = []

    def of(self, tree: Node) -> None:
        """Raises _HasChoice if two that may come next have a character in common."""
        self._tell_apart(self._part(tree).first)
        for places in self._follow:
            self._tell_apart(places)

    def _tell_apart(self, places: Iterable[int]) -> None:
        seen = 0
        for place in set(places):
            if seen & self._characters[place]:
                raise _HasChoice
            seen |= self._characters[place]

    def _part(self, node: Node) -> _Part:
        if isinstance(node, Chars):
            return self._character(node)
        if isinstance(node, Series):
            return self._series(node.parts)
        if isinstance(node, Choice):
            return self._choice(node)
        if isinstance(node, Repeat):
            return self._repeat(node)
        if isinstance(node, Group):
            return self._part(node.part)
        raise _HasChoice

    def _character(self, node: Chars) -> _Part:
        if not node.ranges or len(self._characters) >= MAX_PLACES:
            raise _HasChoice
        self._characters.append(sum(2 ** (high + 1) - 2**low for low, high in node.ranges))
        self._follow.append(set())
        place = (len(self._characters) - 1,)
        return _Part(place, place, empty=False)

    def _series(self, parts: Sequence[Node]) -> _Part:
        whole = _EMPTY
        for part in parts:
            whole = self._joined(whole, self._part(part))
        return whole

    def _joined(self, one: _Part, other: _Part) -> _Part:
        self._linked(one.last, other.first)
        first = one.first + other.first if one.empty else one.first
        last = one.last + other.last if other.empty else other.last
        return _Part(first, last, one.empty and other.empty)

    def _linked(self, last: Iterable[int], first: tuple[int, ...]) -> None:
        for place in last:
            self._follow[place].update(first)

    def _choice(self, node: Choice) -> _Part:
        ways = [self._part(part) for part in node.parts]
        if sum(way.empty for way in ways) > 1:
            raise _HasChoice
        first = tuple(place for way in ways for place in way.first)
        last = tuple(place for way in ways for place in way.last)
        return _Part(first, last, any(way.empty for way in ways))

    def _repeat(self, node: Repeat) -> _Part:
        if (node.least, node.most) != (1, 1) and _may_be_empty(node.part):
            raise _HasChoice
        whole = self._series((node.part,) * node.least)
        if node.most is None:
            more = self._part(node.part)
            self._linked(more.last, more.first)
            tail = more._replace(empty=True)
        else:
            tail = _EMPTY
            for _ in range(node.most - node.least):
                tail = self._joined(self._part(node.part), tail)._replace(empty=True)
        return self._joined(whole, tail)


def _may_be_empty(node: Node) -> bool:
    if isinstance(node, Series):
        return all(map(_may_be_empty, node.parts))
    if isinstance(node, Choice):
        return any(map(_may_be_empty, node.parts))
    if isinstance(node, Repeat):
        return node.least == 0 or _may_be_empty(node.part)
    return _may_be_empty(node.part) if isinstance(node, Group) else not isinstance(node, Chars)


def _written(node: Node) -> bytes:
    if isinstance(node, Chars):
        return _class(node.ranges)
    if isinstance(node, Series):
        return b"".join(map(_written, node.parts))
    if isinstance(node, Choice):
        return b"(?:" + b"|".join(map(_written, node.parts)) + b")"
    if isinstance(node, Repeat):
        most = b"" if node.most is None else b"%d" % node.most
        return b"(?:" + _written(node.part) + b"){%d,%s}" % (node.least, most) + b"?" * node.lazy
    if isinstance(node, Group):
        return b"(?P<" + node.name.encode() + b">" + _written(node.part) + b")"
    raise _HasChoice


def _class(ranges: Ranges) -> bytes:
    if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
        return re.escape(bytes([ranges[0][0]]))
    return b"[" + b"".join(b"\\x%02x-\\x%02x" % pair for pair in ranges) + b"]"
