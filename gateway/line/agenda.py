"""Polls in the order of their deadlines. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from typing import Generic, TypeVar

T = TypeVar("T")


class Agenda(Generic[T]):
    """What waits: whose deadline comes first goes first, and of equals who came first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, deque[T]]] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._heap)

    def __iter__(self) -> Iterator[T]:
        return (item for _, _, waiting in self._heap for item in waiting)

    def add(self, items: Iterable[T], due_s: float) -> None:
        """All of these, in their order, by one deadline."""
        if waiting := deque(items):
            self._count += 1
            heappush(self._heap, (due_s, self._count, waiting))

    def put_first(self, item: T) -> None:
        """Before all others."""
        self._count += 1
        heappush(self._heap, (-math.inf, self._count, deque((item,))))

    @property
    def due_s(self) -> float:
        """The first deadline; IndexError when there is none."""
        return self._heap[0][0]

    def next(self) -> T:
        """Take the first; IndexError when there is none."""
        waiting = self._heap[0][2]
        item = waiting.popleft()
        if not waiting:
            heappop(self._heap)
        return item

    def remove(self, item: T) -> bool:
        """Take this one away; False if it does not wait."""
        for _, _, waiting in self._heap:
            if item in waiting:
                waiting.remove(item)
                if not waiting:
                    self._heap = [entry for entry in self._heap if entry[2]]
                    heapify(self._heap)
                return True
        return False

    def clear(self) -> None:
        """Nothing waits any more."""
        self._heap.clear()
