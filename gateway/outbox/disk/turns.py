"""One piece of work on a file at a time, never cut in half, and waited for only so long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

HANG_S = 5.0
"""A disk that takes longer than this for one transaction does not answer: a slow card takes some 100 ms."""

T = TypeVar("T")


class Hangs(Exception):
    """The disk has not answered for HANG_S. `begun`: the work may still be done when it does."""

    def __init__(self, *, begun: bool) -> None:
        super().__init__("the disk does not answer")
        self.begun = begun


class Turns:
    """Whose turn it is. `on_hang()` is called when the disk has not answered for HANG_S."""

    def __init__(self) -> None:
        self.hangs = False
        """Whether the disk has not answered for HANG_S."""
        self.on_hang: Callable[[], None] = lambda: None
        self._turn = asyncio.Lock()

    async def take(self, work: Callable[[], Awaitable[T]], *, patient: bool) -> T:
        """Do it to its end even if the caller is cancelled; raises Hangs, unless `patient`, and what `work` raises."""
        if self.hangs and not patient:
            raise Hangs(begun=False)
        begun = asyncio.Event()
        task = asyncio.ensure_future(self._next(work, begun))
        task.add_done_callback(_seen)
        await asyncio.wait({task}, timeout=None if patient else HANG_S)
        if task.done():
            return task.result()
        if not begun.is_set():
            task.cancel()
        raise Hangs(begun=begun.is_set())

    async def _next(self, work: Callable[[], Awaitable[T]], begun: asyncio.Event) -> T:
        async with self._turn:
            begun.set()
            watch = asyncio.get_running_loop().call_later(HANG_S, self._note_hang)
            try:
                return await work()
            finally:
                watch.cancel()
                self.hangs = False

    def _note_hang(self) -> None:
        self.hangs = True
        self.on_hang()


def _seen(task: asyncio.Task[Any]) -> None:
    """Nobody may be waiting for it any more."""
    if not task.cancelled():
        task.exception()
