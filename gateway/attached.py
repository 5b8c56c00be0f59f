"""One connection's endpoint, held so that what is wrong with it ends its connection, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from gateway.endpoints.contract import Endpoint, EndpointError, Message, Renewed, Session


class Attached:
    """Run it once; everything else may be called meanwhile, and is passed over before and after."""

    def __init__(self, endpoint: Endpoint, name: str) -> None:
        self.endpoint = endpoint
        self._name = name
        self._fault: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()
        self._tasks: asyncio.TaskGroup | None = None
        self._ends_for: str | None = None

    async def run(self, session: Session) -> None:
        """Until the connection ends; raises what ended it."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                self.begin(self._watch_fault(), "fault")
                await self.endpoint.run(session)
                raise EndpointError("the connection ended")
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._tasks = None

    async def _watch_fault(self) -> None:
        raise await self._fault

    def begin(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None] | None:
        """As a task that ends with the connection; none where that is ending already."""
        if self._tasks is not None:
            with suppress(RuntimeError):  # its tasks are being ended
                return self._tasks.create_task(work, name=f"{name}:{self._name}")
        work.close()
        return None

    def publish(self, message: Message) -> None:
        """Send it."""
        self._guarded("publish", lambda: self.endpoint.publish(message))

    def flush(self) -> None:
        """Nothing comes that could travel with what the endpoint keeps back."""
        self._guarded("flush", self.endpoint.flush)

    def renew(self, reason: str) -> bool:
        """Have the connection begin anew; False if the endpoint leaves it to the house to await what is in flight."""
        if type(self.endpoint).renew is Endpoint.renew:
            self._ends_for = reason
            return False
        self._guarded("renew", lambda: self.endpoint.renew(reason))
        return True

    def drained(self) -> None:
        """Nothing is in flight: what the house has to renew may end now."""
        if self._ends_for is not None:
            self.end(Renewed(self._ends_for))

    def fail(self, reason: str) -> None:
        """End this connection; nothing leaves the outbox by it."""
        self.end(EndpointError(reason))

    def end(self, error: Exception) -> None:
        """With this, unless it has ended already."""
        if not self._fault.done():
            self._fault.set_result(error)

    def _guarded(self, what: str, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 -- an endpoint's defect must not reach the adapter that emits
            self.fail(f"{what}: {type(error).__name__}: {error}")
