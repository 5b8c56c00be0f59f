"""What a device refuses to have read, found by halving, remembered for a day. Pure."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from adapters.modbus.plan import Block, Cut, Span

RETRY_S = 86400.0
"""After so long everything learned is tried again: devices get new firmware and new options."""
SPLIT_CODES = frozenset({2, 3})
"""Illegal address, and what some devices say to a length they don't like (V1.1b3, 7)."""

CUTS, ABSENT, SINCE = "cuts", "absent", "since_s"


class Learned:
    """Facts on one device, kept in its memory as plain lists. Times are Unix seconds."""

    def __init__(self, memory: MutableMapping[str, Any]) -> None:
        self._memory = memory
        self.cuts: set[Cut] = {(table, at) for table, at in memory.get(CUTS, ())}
        self.absent: set[Span] = {(table, start, end) for table, start, end in memory.get(ABSENT, ())}

    def __bool__(self) -> bool:
        return bool(self.cuts or self.absent)

    def add(self, cuts: set[Cut], absent: set[Span], now_s: float) -> None:
        """Remember more; the day starts with the first fact."""
        if not self:
            self._memory[SINCE] = now_s
        self.cuts |= cuts
        self.absent |= absent
        self._memory[CUTS] = sorted(map(list, self.cuts))
        self._memory[ABSENT] = sorted(map(list, self.absent))

    def outdated(self, now_s: float) -> bool:
        """Whether a day has passed; a clock that was set back counts as one, too."""
        return bool(self) and not 0 <= now_s - self._memory.get(SINCE, 0.0) < RETRY_S

    def forget(self) -> None:
        """Try everything anew."""
        self.cuts.clear()
        self.absent.clear()
        for key in (CUTS, ABSENT, SINCE):
            self._memory.pop(key, None)


class _Node:
    """A block that was read, or is to be: `good` is None while unknown or when nothing can be told."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.good: bool | None = None
        self.children: tuple[_Node, ...] = ()


class Search:
    """Halves a refused block until what is refused is found: read `next`, tell `note`, until there is no next."""

    def __init__(self, refused: Block) -> None:
        self._root = _Node(refused)
        self._open = [self._root]
        self.note(good=False)

    @property
    def next(self) -> Block | None:
        """The block to read now."""
        return self._open[-1].block if self._open else None

    def note(self, *, good: bool | None) -> None:
        """`next` was read or refused; None: neither, so that nothing is learned from it."""
        node = self._open.pop()
        node.good = good
        if good is False and len(node.block.cells) > 1:
            node.children = tuple(_Node(half) for half in node.block.halves())
            self._open.extend(reversed(node.children))

    def facts(self) -> tuple[set[Cut], set[Span]]:
        """Where not to read across, and points that do not exist."""
        cuts: set[Cut] = set()
        absent: set[Span] = set()
        _explain(self._root, cuts, absent)
        return cuts, absent


def _explain(node: _Node, cuts: set[Cut], absent: set[Span]) -> bool:
    """Whether something in this block is at fault; if each half alone is fine, reading across their border is."""
    if node.good is not False:
        return node.good is None
    if not node.children:
        absent.update(cell.span for cell in node.block.cells)
        return True
    left, right = node.children
    if not [child for child in node.children if _explain(child, cuts, absent)]:
        cuts.add((left.block.table, right.block.start))
    return True
