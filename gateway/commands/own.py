"""Commands to the gateway itself: each carried out by itself, so that a long one keeps none waiting."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from gateway.adapter import Rejected
from gateway.jobs import STOPPING, Job
from gateway.model import Result, ResultStatus

MAX_UNDER_WAY = 10
"""Pings take no time: so many at once are scans, or a defect."""

CUT_SHORT = Result(ResultStatus.FAILED, reason="ended", detail="whoever asked for it has ended it")

Action = Callable[[Mapping[str, Any]], Awaitable[Result]]
"""Does it, with the command's args; raises Rejected when nothing was done."""


class OwnCommands:
    """What one origin may ask of the gateway."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self.actions = actions
        self._tasks: dict[asyncio.Task[Result], str] = {}
        self._unwanted: deque[str] = deque(maxlen=MAX_UNDER_WAY)

    @property
    def is_full(self) -> bool:
        """Whether `submit` would refuse."""
        return len(self._tasks) >= MAX_UNDER_WAY

    def submit(self, job: Job) -> None:
        """Carry it out; raises Rejected when too many are under way."""
        if self.is_full:
            raise Rejected("queue-full", f"{MAX_UNDER_WAY} commands to the gateway are under way")
        if asyncio.get_running_loop().time() >= job.command.deadline_s:
            job.finished(Result(ResultStatus.EXPIRED, detail="it waited for its claim until it expired"))
            return
        if job.command.id in self._unwanted:
            job.finished(CUT_SHORT)
            return
        task = asyncio.ensure_future(_done(self.actions[job.command.invoke or ""], job.command.args))
        self._tasks[task] = job.command.id

        def ended(task: asyncio.Task[Result]) -> None:
            del self._tasks[task]
            ended = CUT_SHORT if job.command.id in self._unwanted else STOPPING
            job.finished(ended if task.cancelled() else task.result())

        task.add_done_callback(ended)

    def cut_short(self, command: str) -> None:
        """Nobody wants it any more: end it, or do not begin it."""
        self._unwanted.append(command)
        for task in [task for task, each in self._tasks.items() if each == command]:
            task.cancel()

    async def end(self) -> None:
        """Cut short what is under way; its end is told when this returns."""
        if self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)
            await asyncio.sleep(0)  # whoever is to be told its end is called by then


async def _done(action: Action, args: Mapping[str, Any]) -> Result:
    """Its result, which can be written down."""
    try:
        result = await action(args)
        msgspec.json.encode(result)
    except Rejected as error:
        return Result(ResultStatus.REJECTED, reason=error.reason, detail=error.detail, rule=error.rule)
    except Exception as error:  # noqa: BLE001 -- an adapter's scan is a stranger's code
        return Result(ResultStatus.FAILED, reason="defect", detail=f"{type(error).__name__}: {error}")
    return result
