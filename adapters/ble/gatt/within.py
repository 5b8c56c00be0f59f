"""Nothing of BlueZ's is waited for without a bound, and what has not ended by then is ended."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from adapters.ble.air.leaving import patience_s

T = TypeVar("T")

GRACE_S = 2.0
"""For what was cancelled to clean up, which for bleak is one more call to BlueZ."""
LEAVING_GRACE_S = 0.2
"""The same, where we end ourselves."""
HEARSAY_S = 0.3
"""BlueZ says that a connection is down on one wire, and fails what was under way on another: either may come first."""
CANCELLATIONS = 3
"""The first ends the call, the second the clean-up that hangs, too."""


async def within(
    limit_s: float, work: Coroutine[Any, Any, T], name: str, lost: asyncio.Future[None] | None = None
) -> T:
    """Its result; raises TimeoutError, or EOFError where `lost` comes first and it does not end by itself then.

    It has ended when this returns or raises, also where this is cancelled.
    """
    task = asyncio.create_task(work, name=name)
    try:
        wanted = (task,) if lost is None else (task, lost)
        await asyncio.wait(wanted, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if not task.done() and lost is not None and lost.done():
            await asyncio.wait((task,), timeout=HEARSAY_S)
        if task.done():
            return task.result()
        if lost is not None and lost.done():
            raise EOFError
        raise TimeoutError(f"no answer within {limit_s:g} s")
    finally:
        if not task.done():
            await _end(task)


async def _end(task: asyncio.Task[Any]) -> None:
    for _ in range(CANCELLATIONS):
        task.cancel()
        await asyncio.wait((task,), timeout=patience_s(GRACE_S, LEAVING_GRACE_S))
        if task.done():
            break
    if task.done() and not task.cancelled():
        task.exception()  # whatever it was, it comes too late
