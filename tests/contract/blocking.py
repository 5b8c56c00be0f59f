"""Whether anything keeps the loop from its work: callbacks that compute or wait for too long."""

import asyncio
import gc
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LIMIT_S = 0.05


@contextmanager
def blocking_calls() -> Iterator[list[str]]:
    """The callbacks that blocked the loop meanwhile.

    A machine that is busy with others does not count, and neither does looking for garbage among what was made before.
    """
    found: list[str] = []
    original = asyncio.Handle._run

    def timed(handle: asyncio.Handle) -> Any:
        wall_s, cpu_s, waits = time.perf_counter(), time.thread_time(), _waits()
        result = original(handle)
        if time.perf_counter() - wall_s > LIMIT_S and (time.thread_time() - cpu_s > LIMIT_S or _waits() > waits):
            found.append(repr(handle))
        return result

    gc.freeze()
    asyncio.Handle._run = timed  # type: ignore[method-assign,assignment]
    try:
        yield found
    finally:
        asyncio.Handle._run = original  # type: ignore[method-assign]
        gc.unfreeze()


def _waits() -> int:
    """How often this thread gave the processor away of its own accord."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
