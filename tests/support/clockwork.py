"""A loop whose time the test moves: nothing waits, and what happens depends on nothing but the test."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from typing_extensions import override

T = TypeVar("T")

PATIENCE_S = 3_600.0
"""Of the loop's own time: what has not ended by then never will."""

ROUNDS = 200
"""Cancellations until everything must have ended, clean-ups that begin something new included."""


class _Still(selectors.DefaultSelector):
    """Never waits."""

    on_select: Callable[[bool], None]

    @override
    def select(self, timeout: float | None = None) -> Any:
        self.on_select(timeout is None or timeout > 0)
        return super().select(0)


class Clockwork(asyncio.SelectorEventLoop):
    """Does only as much as it is told to; threads' work is done in its own."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s
        self._rest: asyncio.Future[None] | None = None
        self._turns = 0
        still = _Still()
        still.on_select = self._look
        super().__init__(still)

    @override
    def time(self) -> float:
        return self._now_s

    @override
    def run_in_executor(self, executor: Any, func: Any, *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 -- as an executor does
            done.set_exception(error)
        return done

    def quiet(self) -> None:
        """Do all that can be done without time passing."""
        self.turn(1 << 30)

    def turn(self, turns: int) -> None:
        """Do a piece of it: so many rounds of what is ready."""
        self._turns = turns
        self._rest = self.create_future()
        self.run_until_complete(self._rest)

    def advance(self, passed_s: float) -> None:
        """Let time pass, and whatever is planned happen at its time."""
        end_s = self._now_s + passed_s
        self.quiet()
        while (at_s := self._next_s()) <= end_s:
            self._now_s = max(self._now_s, at_s)
            self.quiet()
        self._now_s = end_s
        self.quiet()

    def run(self, work: Coroutine[Any, Any, T], within_s: float = PATIENCE_S) -> T:
        """Its result, however much time must pass for it; raises TimeoutError."""
        task, end_s = self.create_task(work), self._now_s + within_s
        self.quiet()
        while not task.done():
            if self._next_s() > end_s:
                raise TimeoutError
            self._now_s = max(self._now_s, self._next_s())
            self.quiet()
        return task.result()

    def end(self) -> None:
        """Cancel everything that is under way, and what that begins, then close."""
        for _ in range(ROUNDS):
            left = asyncio.all_tasks(self)
            if not left:
                break
            for task in left:
                task.cancel()
            self.quiet()
        assert not left, "it swallows its cancellation"
        self.close()

    def _next_s(self) -> float:
        timers: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined]  # asyncio's own
        return min((timer.when() for timer in timers if not timer.cancelled()), default=math.inf)

    def _look(self, is_idle: bool) -> None:
        self._turns -= 1
        if self._rest is not None and not self._rest.done() and (is_idle or self._turns < 0):
            self._rest.set_result(None)
