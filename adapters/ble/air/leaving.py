"""How long BlueZ is waited for by who is told to end: it may hang, and the gateway's end must not."""

from __future__ import annotations

import asyncio

LEAVE_S = 0.5
"""For one last call: BlueZ answers in milliseconds, or not at all; what it was told it does also when nobody waits."""


def patience_s(usual_s: float, leaving_s: float = LEAVE_S) -> float:
    """As long as usual, but hardly at all in a task that has been cancelled."""
    task = asyncio.current_task()
    return min(usual_s, leaving_s) if task is not None and task.cancelling() else usual_s
