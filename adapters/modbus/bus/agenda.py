"""Polls in the order of their deadlines. Pure."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

from adapters.modbus.wire.exchange import Exchange


class Agenda:
    """What waits: whose deadline comes first goes first, and of equals who came first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, deque[Exchange]]] = []
        self._count = 0

    def __bool__(self) -> bool:
        return bool(self._heap)

    def __iter__(self) -> Iterator[Exchange]:
        return (exchange for _, _, waiting in self._heap for exchange in waiting)

    def add(self, exchanges: Iterable[Exchange], due_s: float) -> None:
        """All of these, in their order, by one deadline."""
        if waiting := deque(exchanges):
            self._count += 1
            heappush(self._heap, (due_s, self._count, waiting))

    def put_first(self, exchange: Exchange) -> None:
        """Before all others."""
        self._count += 1
        heappush(self._heap, (-math.inf, self._count, deque((exchange,))))

    @property
    def due_s(self) -> float:
        """The first deadline; IndexError when there is none."""
        return self._heap[0][0]

    def next(self) -> Exchange:
        """Take the first; IndexError when there is none."""
        waiting = self._heap[0][2]
        exchange = waiting.popleft()
        if not waiting:
            heappop(self._heap)
        return exchange

    def remove(self, exchange: Exchange) -> bool:
        """Take this one away; False if it does not wait."""
        for _, _, waiting in self._heap:
            if exchange in waiting:
                waiting.remove(exchange)
                if not waiting:
                    self._heap = [entry for entry in self._heap if entry[2]]
                    heapify(self._heap)
                return True
        return False

    def clear(self) -> None:
        """Nothing waits any more."""
        self._heap.clear()
