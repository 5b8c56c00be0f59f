"""What a device refuses to have read: found by halving, remembered, and tried again in time. Pure."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Annotated, Any

import msgspec

from adapters.modbus.blocks.plan import Block, Cut, Span
from adapters.modbus.config import Table

RETRY_MIN_S = 60.0
"""What was learned is tried again first after this: a device that is starting refuses much."""
RETRY_MAX_S = 86400.0
"""And then in doubling pauses up to this: devices get new firmware and new options."""
SPLIT_CODES = frozenset({2, 3})
"""Illegal address, and what some devices say to a length they don't like (V1.1b3, 7)."""
NO_FUNCTION = 1
"""The device does not know this function: no part of the block can be read with it (V1.1b3, 7)."""
LASTING = SPLIT_CODES | {NO_FUNCTION}
"""What is refused so will be refused again: it is remembered."""

GOOD = 0
"""No exception has this code (MODBUS Application Protocol V1.1b3, 7)."""

CUTS, ABSENT, SINCE, RETRY = "cuts", "absent", "since_s", "retry_s"
TOLD, TOLD_CUTS, PLACE = "told", "told_cuts", "place"

Facts = tuple[set[Cut], dict[Span, int]]
"""Where not to read across, and what can't be read at all, with the code that says so."""


class _Kept(msgspec.Struct):
    """The shape of what is kept, under the names above."""

    cuts: list[Cut] = []
    absent: list[tuple[Table, int, int, Annotated[int, msgspec.Meta(ge=1, le=255)]]] = []
    since_s: float = 0.0
    retry_s: float = 0.0
    told: list[Span] = []
    told_cuts: list[Cut] = []
    place: str = ""


class Learned:
    """Facts on one device, kept in its memory as plain lists; `changes` counts. Times are Unix seconds.

    `told` is what people have been told is missing: that outlasts a retry, which may find it missing again.
    A memory that does not have this shape is begun afresh: another version or a person wrote it.
    """

    def __init__(self, memory: MutableMapping[str, Any]) -> None:
        self._memory = memory
        self.changes = 0
        try:
            kept = msgspec.convert(dict(memory), _Kept)
        except msgspec.ValidationError:
            memory.clear()
            kept = _Kept()
        self.cuts: set[Cut] = set(kept.cuts)
        self.absent: dict[Span, int] = {(table, start, end): code for table, start, end, code in kept.absent}
        self.told: set[Span] = set(kept.told)
        self._told_cuts: set[Cut] = set(kept.told_cuts)

    def __bool__(self) -> bool:
        return bool(self.cuts or self.absent)

    def add(self, facts: Facts, now_s: float) -> None:
        """Remember more. The same again right after a retry doubles the pause before the next."""
        if not self:
            retry_s = self._memory.get(RETRY, 0.0)
            recent = 0 <= now_s - self._memory.get(SINCE, 0.0) <= 2 * retry_s
            self._memory[RETRY] = min(RETRY_MAX_S, 2 * retry_s) if recent else RETRY_MIN_S
            self._memory[SINCE] = now_s
        cuts, absent = facts
        self.changes += 1
        self.cuts |= cuts
        self.absent |= absent
        self._memory[CUTS] = sorted(map(list, self.cuts))
        self._memory[ABSENT] = sorted([*span, code] for span, code in self.absent.items())

    def be_of(self, place: str, spans: Iterable[Span]) -> None:
        """It is the device at this place, with points at these addresses: nothing is known of it as another one."""
        if self._memory.get(PLACE, place) != place:
            for name in (SINCE, RETRY):
                self._memory.pop(name, None)
            self.forget()
            self.told.clear()
            self._told_cuts.clear()
        self._memory[PLACE] = place
        self.told &= set(spans)
        self._keep_told()

    def untold(self, spans: Iterable[Span]) -> set[Span]:
        """Which of these are missing though nobody has been told so; now it is told."""
        news = {span for span in spans if span in self.absent} - self.told
        if news:
            self.told |= news
            self._keep_told()
        return news

    def untold_cuts(self) -> set[Cut]:
        """The same of borders that can't be read across."""
        news = self.cuts - self._told_cuts
        if news:
            self._told_cuts |= news
            self._keep_told()
        return news

    def returned(self, spans: Iterable[Span]) -> set[Span]:
        """Which of these, that can be read, were told to be missing; that is over."""
        news = self.told & set(spans)
        if news:
            self.told -= news
            self._keep_told()
        return news

    def outdated(self, now_s: float) -> bool:
        """Whether to try again; a clock that was set back counts as time passed."""
        return bool(self) and not 0 <= now_s - self._memory.get(SINCE, 0.0) < self._memory.get(RETRY, RETRY_MIN_S)

    def forget(self) -> None:
        """Try everything anew."""
        self.changes += 1
        self.cuts.clear()
        self.absent.clear()
        self._memory.pop(CUTS, None)
        self._memory.pop(ABSENT, None)

    def _keep_told(self) -> None:
        for name, told in ((TOLD, self.told), (TOLD_CUTS, self._told_cuts)):
            if told:
                self._memory[name] = sorted(map(list, told))
            else:
                self._memory.pop(name, None)


class _Node:
    """A block that was read, or is to be: `code` says why it was refused, if it was; None: nothing can be told."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.code: int | None = None
        self.children: tuple[_Node, ...] = ()


class Search:
    """Halves a refused block until what is refused is found: read `next`, tell `note`, until there is no next."""

    def __init__(self, refused: Block, code: int) -> None:
        self._root = _Node(refused)
        self._open = [self._root]
        self.note(code)

    @property
    def next(self) -> Block | None:
        """The block to read now."""
        return self._open[-1].block if self._open else None

    def note(self, code: int | None) -> None:
        """`next` was refused with this code, read (GOOD), or neither (None), so that nothing is learned from it."""
        node = self._open.pop()
        node.code = code
        if code in SPLIT_CODES and not node.block.is_whole:
            node.children = tuple(_Node(half) for half in node.block.halves())
            self._open.extend(reversed(node.children))

    def facts(self) -> Facts:
        """What was found."""
        cuts: set[Cut] = set()
        absent: dict[Span, int] = {}
        _explain(self._root, cuts, absent)
        return cuts, absent


def _explain(node: _Node, cuts: set[Cut], absent: dict[Span, int]) -> bool:
    """Whether something in this block is at fault; if each half alone is fine, reading across their border is."""
    if not node.code:
        return node.code is None
    if not node.children:
        absent.update((cell.span, node.code) for cell in node.block.cells)
        return True
    left, right = node.children
    if not [child for child in node.children if _explain(child, cuts, absent)]:
        cuts.add((left.block.table, right.block.start))
    return True
