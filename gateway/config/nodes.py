"""What a file says: data, and for each piece of it the place where it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from gateway.config.diagnostics import Span
from gateway.config.source import Source


class _Broken:
    """Stands for a value that already has its diagnostic."""

    def __repr__(self) -> str:
        return "BROKEN"


BROKEN = _Broken()


@dataclass(slots=True, eq=False)
class Node:
    """A piece of a file. `children` by key or index; `keys` holds the nodes of a mapping's keys.

    `pending`: somewhere in it is a reference to resolve. `broken`: somewhere in it is a value with a diagnostic.
    """

    source: Source
    start: int
    end: int
    data: Any
    children: dict[Any, Node] = field(default_factory=dict)
    keys: dict[Any, Node] = field(default_factory=dict)
    size: int = 1
    pending: bool = False
    broken: bool = False

    @property
    def span(self) -> Span:
        """All of it."""
        return Span(self.source, self.start, self.end)

    def adopt(self, key: Any, child: Node) -> None:
        """Take a value in under a key or index."""
        self.children[key] = child
        self.size += child.size
        self.pending |= child.pending
        self.broken |= child.broken

    def key_span(self, key: Any) -> Span:
        """Where a mapping's key stands; the value, where there is no key."""
        node = self.keys.get(key) or self.children.get(key) or self
        return node.span

    def value_span(self, key: Any) -> Span:
        """Where a value stands; its key, where the value is empty or begins on another line."""
        value = self.children[key]
        if key not in self.keys:
            return value.span
        elsewhere = (
            value.source is self.source
            and value.source.place(value.start)[0] != value.source.place(self.keys[key].start)[0]
        )
        return self.keys[key].span if elsewhere or value.start == value.end else value.span

    @property
    def is_bare_key(self) -> bool:
        """Whether no colon follows: in { } a comma within a text makes a key of what comes after it."""
        return self.source.text[self.end : self.end + 100].lstrip()[:1] != ":"

    def start_span(self) -> Span:
        """Where a mapping begins: its first key."""
        return next(iter(self.keys.values()), self).span
