"""A loop in simulated time: what takes an hour takes no time, and each duration is exact."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

from typing_extensions import override


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting, time goes on."""

    now_s = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everyone waits for something that never comes"
        self.now_s += max(0.0, timeout)
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    @override
    def time(self) -> float:
        return self._jumping.now_s


def in_simulated_time(happens: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run this from moment 0 on."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(happens())
