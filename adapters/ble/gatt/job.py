"""Something that a command wants done over a connection, and its sender waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.trouble import Trouble, Why
from gateway.adapter import Wrote
from gateway.model import Result, ResultStatus

Work = Callable[[Connection, Wrote], Awaitable[Result]]
"""Tells what it sends; raises Trouble only where nothing has reached the device that may change it."""
Look = Callable[[Connection], Awaitable[Result]]
"""Changes nothing; raises Trouble."""

MAX_TRIES = 2
"""A connection that goes down before anything is sent is made again once."""
NO_LINK = Result(ResultStatus.UNREACHABLE, reason="no-link", detail="the radio went down")
CUT = Result(ResultStatus.UNKNOWN, reason="no-link", detail="the radio went down: it may or may not have happened")


class Job:
    """Done once; `outcome` is what comes of it."""

    def __init__(self, work: Work, wrote: Wrote) -> None:
        self.outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._work = work
        self._wrote = wrote
        self._is_sent = False
        self._tries = 0

    async def perform(self, connection: Connection) -> bool:
        """Whether it is over; else the connection went down before anything was sent, and it may be tried again."""
        if self.outcome.done():
            return True
        self._tries += 1
        try:
            self.tell(await self._work(connection, self._sent))
        except Trouble as trouble:
            if trouble.why is Why.LOST and self._tries < MAX_TRIES:
                return False
            self.fail(trouble)
        except BaseException:
            self.tell(CUT if self._is_sent else NO_LINK)
            raise
        return True

    def _sent(self, data: bytes) -> None:
        self._is_sent = True
        self._wrote(data)

    def fail(self, trouble: Trouble) -> None:
        """It could not be begun."""
        self.tell(Result(ResultStatus.UNREACHABLE, reason=trouble.why, detail=str(trouble)))

    def tell(self, result: Result) -> None:
        """What has come of it, if anybody waits for that still."""
        if not self.outcome.done():
            self.outcome.set_result(result)
