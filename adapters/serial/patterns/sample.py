"""A text that fits a pattern. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.serial.patterns.chars import plainest
from adapters.serial.patterns.parse import NotUnderstood, parse
from adapters.serial.patterns.pattern import Encoding, compiled
from adapters.serial.patterns.tree import Chars, Choice, Group, Node, Repeat, Series

MAX_CHARACTERS = 10_000
"""Of a text: repeats of repeats can make any number, and no frame is that long."""


class _TooLong(Exception):
    """Nobody wants to see that text."""


def sample(pattern: str, groups: Mapping[str, str], encoding: Encoding = "latin-1") -> str | None:
    """A short text in which it is found with these texts as its groups; None if there is none that is easily found."""
    wide = encoding == "utf-8"
    try:
        tree = parse(pattern, wide=wide)
        text = _Writer(groups).text(tree)
    except (NotUnderstood, _TooLong):
        return None
    try:
        found = compiled(pattern, encoding).groups(text.encode("utf-8" if wide else "latin-1"))
    except UnicodeEncodeError:
        return None
    if found is None:
        return None
    octets = {name: given.encode("utf-8" if wide else "latin-1").decode("latin-1") for name, given in groups.items()}
    return text if octets.items() <= found.items() else None


class _Writer:
    """Writes the shortest way through a tree that has the wanted groups in it."""

    def __init__(self, groups: Mapping[str, str]) -> None:
        self._groups = groups
        self._texts: dict[int, str] = {}  # by node, of a tree that stays: choices within choices ask for each often

    def text(self, node: Node) -> str:
        """What it becomes."""
        text = self._texts.get(id(node))
        if text is None:
            text = self._texts[id(node)] = self._written(node)
        if len(text) > MAX_CHARACTERS:
            raise _TooLong
        return text

    def _written(self, node: Node) -> str:
        if isinstance(node, Chars):
            return plainest(node.ranges) or ""
        if isinstance(node, Series):
            return "".join(self.text(part) for part in node.parts)
        if isinstance(node, Choice):
            return self.text(min(node.parts, key=self._worth))
        if isinstance(node, Repeat):
            return self._repeated(node)
        if isinstance(node, Group):
            return self._groups[node.name] if node.name in self._groups else self.text(node.part)
        return ""

    def _repeated(self, node: Repeat) -> str:
        count = max(node.least, 1 if self._wanted(node) and node.most != 0 else 0)
        text = self.text(node.part) if count else ""
        if len(text) * count > MAX_CHARACTERS:
            raise _TooLong
        return text * count

    def _worth(self, node: Node) -> tuple[int, int]:
        """The more wanted groups the better, then the shorter."""
        return -self._wanted(node), len(self.text(node))

    def _wanted(self, node: Node) -> int:
        """How many of the wanted groups are in it."""
        if isinstance(node, Group):
            return (node.name in self._groups) + self._wanted(node.part)
        if isinstance(node, Series | Choice):
            return sum(map(self._wanted, node.parts))
        return self._wanted(node.part) if isinstance(node, Repeat) else 0
