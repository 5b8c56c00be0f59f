"""Whose turn it is to have the line: acknowledgements, then commands as far as polls keep their share, then polls."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from gateway.line import Agenda, Load, Turns

HEARD_AFTER_TURNS = 3
"""Of the loop: so many it takes until who sent a command has its answer, and may ask for more."""


class Job(Protocol):
    """Something to be said, for which it has the line for itself."""

    async def perform(self) -> None:
        """Do it."""

    def drop(self) -> None:
        """It will never be done: the connection is gone."""


class Order:
    """What waits for the line; one job has it at a time."""

    def __init__(self, poll_share: float) -> None:
        self._acks: deque[Job] = deque()
        self._commands: deque[Job] = deque()
        self._polls: Agenda[Job] = Agenda()
        self._turns = Turns(poll_share)
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self.at_work = True
        """Whether somebody has the line; so has who speaks before `run`."""
        self._polling = self._commanding = False

    def acknowledge(self, job: Job) -> None:
        """Before all others."""
        self._acks.append(job)
        self._changed()

    @property
    def acknowledging(self) -> int:
        """How many acknowledgements wait for the line."""
        return len(self._acks)

    def command(self, job: Job) -> None:
        """Before polls, unless these are short of their share."""
        self._commands.append(job)
        self._changed()

    def poll(self, job: Job, due_s: float) -> None:
        """In the order of their deadlines, on the loop's clock."""
        self._polls.add((job,), due_s)
        self._changed()

    def withdraw(self, job: Job) -> bool:
        """Take a command back; False if it does not wait any more."""
        if job not in self._commands:
            return False
        self._commands.remove(job)
        self._changed()
        return True

    def clear(self) -> None:
        """Nothing is said any more."""
        for job in (*self._acks, *self._commands, *self._polls):
            job.drop()
        self._acks.clear()
        self._commands.clear()
        self._polls.clear()

    async def run(self, before: Callable[[], Awaitable[None]]) -> None:
        """Do what waits, one after the other, until cancelled; `before` is awaited before each."""
        while True:
            self.at_work = False
            while not (self._acks or self._commands or self._polls):
                self._news.clear()
                await self._news.wait()
            self.at_work = True
            await before()
            if self._acks:
                await self._acks.popleft().perform()
            elif self._commands and not (self._polls and self._turns.polls_first):
                await self._command()
            elif self._polls:
                await self._poll()

    async def _command(self) -> None:
        self._commanding = True
        job = self._commands.popleft()
        self._settle()
        await job.perform()
        for _ in range(HEARD_AFTER_TURNS):
            await asyncio.sleep(0)
        self._commanding = False
        self._settle()

    async def _poll(self) -> None:
        self._polling = True
        job = self._polls.next()
        self._settle()
        await job.perform()
        self._polling = False
        self._settle()

    def _changed(self) -> None:
        self._settle()
        self._news.set()

    def _settle(self) -> None:
        """Who has had the line is charged for it; from now on it is as it is now."""
        self._turns.charge(self._loop.time())
        self._turns.note(Load(self._polling, self._commanding, bool(self._polls), bool(self._commands)))
