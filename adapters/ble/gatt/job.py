"""Something that a command wants done over a connection, and its sender waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.trouble import Trouble, Why
from gateway.model import Result, ResultStatus

Work = Callable[[Connection], Awaitable[Result]]
"""Raises Trouble only where nothing has reached the device that may change it."""

MAX_TRIES = 2
"""A connection that goes down before anything is sent is made again once."""
NO_LINK = Result(ResultStatus.UNREACHABLE, reason="no-link", detail="the radio went down")


class Job:
    """Done once; `outcome` is what comes of it."""

    def __init__(self, work: Work) -> None:
        self.outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._work = work
        self._tries = 0

    async def perform(self, connection: Connection) -> bool:
        """Whether it is over; else the connection went down before anything was sent, and it may be tried again."""
        if self.outcome.done():
            return True
        self._tries += 1
        try:
            self.tell(await self._work(connection))
        except Trouble as trouble:
            if trouble.why is Why.LOST and self._tries < MAX_TRIES:
                return False
            self.fail(trouble)
        except BaseException:
            self.tell(NO_LINK)
            raise
        return True

    def fail(self, trouble: Trouble) -> None:
        """It could not be begun."""
        self.tell(Result(ResultStatus.UNREACHABLE, reason=trouble.why, detail=str(trouble)))

    def tell(self, result: Result) -> None:
        """What has come of it, if anybody waits for that still."""
        if not self.outcome.done():
            self.outcome.set_result(result)
