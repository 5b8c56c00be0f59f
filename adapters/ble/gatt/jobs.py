"""What commands want done with one device, and whose turn it is where reads are due, too."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.job import NO_LINK, Job
from adapters.ble.gatt.trouble import Trouble
from gateway.line import Load, Turns


class Jobs:
    """First come, first served; before reads, as far as these have their share."""

    def __init__(self, poll_share: float, are_due: Callable[[], bool]) -> None:
        self._jobs: deque[Job] = deque()
        self._turns = Turns(poll_share)
        self._are_due = are_due
        self._is_over = False
        self._loop = asyncio.get_running_loop()

    def __bool__(self) -> bool:
        return bool(self._jobs)

    @property
    def have_turn(self) -> bool:
        """Whether one is next."""
        return bool(self._jobs) and not (self._are_due() and self._turns.polls_first)

    def add(self, job: Job) -> None:
        """Behind those that wait; once all are dropped, it is, too."""
        if self._is_over:
            job.tell(NO_LINK)
            return
        self._jobs.append(job)
        self.settle()

    def withdraw(self, job: Job) -> bool:
        """Take it back; False if it does not wait any more."""
        if job not in self._jobs:
            return False
        self._jobs.remove(job)
        return True

    async def perform(self, connection: Connection) -> None:
        """The next one; if the connection went down before it was begun, it is still the next one."""
        job = self._jobs.popleft()
        self.settle(commands=1)
        if not await job.perform(connection):
            self._jobs.appendleft(job)
        self.settle()

    def fail(self, trouble: Trouble) -> None:
        """None of them can be done."""
        while self._jobs:
            self._jobs.popleft().fail(trouble)

    def drop(self) -> None:
        """None of them will be, nor any that is yet to come."""
        self._is_over = True
        while self._jobs:
            self._jobs.popleft().tell(NO_LINK)

    def settle(self, polls: int = 0, commands: int = 0) -> None:
        """Who has had the connection is charged for it; from now on it is as it is now."""
        self._turns.charge(self._loop.time())
        self._turns.note(Load(polls, commands, self._are_due(), bool(self._jobs)))
