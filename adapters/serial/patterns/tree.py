"""What a pattern says, as a tree. Pure."""

from __future__ import annotations

from typing import Literal, NamedTuple, Union

from adapters.serial.patterns.chars import Ranges

Node = Union["Chars", "Series", "Choice", "Repeat", "Group", "Mark"]


class Chars(NamedTuple):
    """One character of these."""

    ranges: Ranges


class Series(NamedTuple):
    """One behind the other."""

    parts: tuple[Node, ...]


class Choice(NamedTuple):
    """One of them."""

    parts: tuple[Node, ...]


class Repeat(NamedTuple):
    """So many of it; `most` None: any number. `lazy`: as few as can be, else as many."""

    part: Node
    least: int
    most: int | None
    lazy: bool = False


class Group(NamedTuple):
    """What is captured under a name."""

    name: str
    part: Node


class Mark(NamedTuple):
    """A place between characters: the text's begin or end, or one that depends on its neighbours."""

    kind: Literal["begin", "end", "other"]


NOTHING = Series(())
