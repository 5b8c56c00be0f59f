"""From a pattern's text to its tree, as RE2 reads it (https://github.com/google/re2/wiki/Syntax). Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

from adapters.serial.patterns.chars import (
    DIGIT,
    LAST_BYTE,
    LAST_CHARACTER,
    POSIX,
    SPACE,
    WORD,
    Ranges,
    either_case,
    others,
    union,
)
from adapters.serial.patterns.tree import NOTHING, Chars, Choice, Group, Mark, Node, Repeat, Series

MAX_DEPTH = 100
"""Groups within groups; RE2 itself takes a thousand, and Python's stack fewer."""

_COUNT = re.compile(r"\{(\d+)(,(\d*))?\}")
_NAME = re.compile(r"\(\?P?<(\w+)>")
_FLAGS = re.compile(r"\(\?([is]*)(?:-([imsU]+))?([:)])")
_NUMBER = re.compile(r"\\x(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{2}))|\\0?([0-7]{2,3})|\\(0)")
_POSIX = re.compile(r"\[:(\^?)(\w+):\]")
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_CLASSES = {"d": DIGIT, "w": WORD, "s": SPACE}
_MARKS = {"A": Mark("begin"), "z": Mark("end"), "b": Mark("other"), "B": Mark("other")}


class NotUnderstood(Exception):
    """It has what this parser does not know, though RE2 may."""


class _Flags(NamedTuple):
    folded: bool = False
    dot_all: bool = False


def parse(text: str, *, wide: bool) -> Node:
    """The tree of a pattern; `wide`: of characters, not of bytes. Raises NotUnderstood."""
    parser = _Parser(text, LAST_CHARACTER if wide else LAST_BYTE)
    node = parser.choice(0)
    if parser.at < len(text):
        raise NotUnderstood(text[parser.at :])
    return node


class _Parser:
    """Goes through a text from left to right."""

    def __init__(self, text: str, last: int) -> None:
        self.text = text
        self.at = 0
        self.last = last
        self.flags = _Flags()

    def choice(self, depth: int) -> Node:
        """Up to the end of the group, or of all."""
        if depth > MAX_DEPTH:
            raise NotUnderstood("too many groups within groups")
        flags = self.flags
        ways = [self._series(depth)]
        while self._take("|"):
            ways.append(self._series(depth))
        self.flags = flags
        return ways[0] if len(ways) == 1 else Choice(tuple(ways))

    def _take(self, token: str) -> bool:
        """Whether this comes next; then it is behind us."""
        found = self.text.startswith(token, self.at)
        self.at += len(token) * found
        return found

    def _takes(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def _series(self, depth: int) -> Node:
        parts: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            part = self._atom(depth)
            parts.append(self._repeated(part))
        return parts[0] if len(parts) == 1 else Series(tuple(parts))

    def _repeated(self, part: Node) -> Node:
        while (counts := self._counts()) is not None:
            part = Repeat(part, *counts, lazy=self._take("?"))
        return part

    def _counts(self) -> tuple[int, int | None] | None:
        if self._take("*"):
            return 0, None
        if self._take("+"):
            return 1, None
        if self._take("?"):
            return 0, 1
        if match := self._takes(_COUNT):
            least = int(match[1])
            return least, least if match[2] is None else int(match[3]) if match[3] else None
        return None

    def _atom(self, depth: int) -> Node:
        if self._take("("):
            self.at -= 1
            return self._group(depth)
        if self._take("["):
            return Chars(self._folded(self._class()))
        if self._take("."):
            return Chars(others((), self.last) if self.flags.dot_all else others(((10, 10),), self.last))
        if self._take("^"):
            return Mark("begin")
        if self._take("$"):
            return Mark("end")
        if self.text.startswith("\\", self.at):
            return self._escape()
        self.at += 1
        return self._literal(ord(self.text[self.at - 1]))

    def _literal(self, number: int) -> Chars:
        return Chars(self._folded(((number, number),)))

    def _folded(self, ranges: Ranges) -> Ranges:
        return either_case(ranges) if self.flags.folded else ranges

    def _group(self, depth: int) -> Node:
        if match := self._takes(_FLAGS):
            before = self.flags
            self.flags = _switched(before, match[1], match[2] or "")
            if match[3] == ")":
                return NOTHING
            node = self._closed(depth)
            self.flags = before
            return node
        if match := self._takes(_NAME):
            return Group(match[1], self._closed(depth))
        if self.text.startswith("(?", self.at):
            raise NotUnderstood(self.text[self.at :])
        self.at += 1
        return self._closed(depth)

    def _closed(self, depth: int) -> Node:
        node = self.choice(depth + 1)
        if not self._take(")"):
            raise NotUnderstood("a group that has no end")
        return node

    def _escape(self) -> Node:
        if self._take("\\Q"):
            quoted, _, _ = self.text[self.at :].partition("\\E")
            self.at = min(self.at + len(quoted) + 2, len(self.text))
            return Series(tuple(self._literal(ord(character)) for character in quoted))
        letter = self.text[self.at + 1]
        if letter in _MARKS:
            self.at += 2
            return _MARKS[letter]
        return Chars(self._folded(self._escaped()))

    def _escaped(self) -> Ranges:
        """What a backslash and what is behind it stand for, also within a class."""
        if match := self._takes(_NUMBER):
            digits = match[1] or match[2]
            number = int(digits, 16) if digits else int(match[3] or "0", 8)
            return ((number, number),)
        letter = self.text[self.at + 1]
        self.at += 2
        if letter.lower() in _CLASSES:
            ranges = _CLASSES[letter.lower()]
            return ranges if letter.islower() else others(ranges, self.last)
        if letter.isalnum() and letter not in _CONTROLS:
            raise NotUnderstood(f"\\{letter}")
        number = _CONTROLS.get(letter, ord(letter))
        return ((number, number),)

    def _class(self) -> Ranges:
        negated = self._take("^")
        found: list[tuple[int, int]] = []
        first = True
        while first or not self._take("]"):
            if self.at >= len(self.text):
                raise NotUnderstood("a class that has no end")
            found += self._member()
            first = False
        ranges = union(found)
        if self.flags.folded:
            ranges = either_case(ranges)
        return others(ranges, self.last) if negated else ranges

    def _member(self) -> Ranges:
        """A character, a range, or a class by its name."""
        if match := self._takes(_POSIX):
            if match[2] not in POSIX:
                raise NotUnderstood(match[0])
            return others(POSIX[match[2]], self.last) if match[1] else POSIX[match[2]]
        low = self._one()
        is_range = self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at)
        if len(low) != 1 or low[0][0] != low[0][1] or not is_range:
            return low
        self.at += 1
        return ((low[0][0], self._one()[0][1]),)

    def _one(self) -> Ranges:
        if self.text.startswith("\\", self.at):
            return self._escaped()
        self.at += 1
        number = ord(self.text[self.at - 1])
        return ((number, number),)


def _switched(flags: _Flags, on: str, off: str) -> _Flags:
    folded = (flags.folded or "i" in on) and "i" not in off
    dot_all = (flags.dot_all or "s" in on) and "s" not in off
    return _Flags(folded, dot_all)
