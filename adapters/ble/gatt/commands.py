"""Commands carried out over a connection: invoked, written and read back, read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

from adapters.ble.config import BleDevice
from adapters.ble.gatt.answer import answered
from adapters.ble.gatt.checks import Bundle, Invoking
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.job import Job, Look, Work
from adapters.ble.gatt.outcome import expired, partly
from adapters.ble.gatt.reader import Reader
from adapters.ble.gatt.silence import Silence
from adapters.ble.gatt.tellings import Tellings
from adapters.ble.gatt.trouble import Trouble
from adapters.ble.gatt.writer import Writer
from gateway.adapter import Wrote
from gateway.model import Result, ResultStatus, Value


class Host(Protocol):
    """The device, and whose turn it is there."""

    @property
    def device(self) -> BleDevice:
        """As it is configured."""

    @property
    def tellings(self) -> Tellings:
        """What it tells by itself."""

    @property
    def silence(self) -> Silence:
        """Where an answer may yet come."""

    @property
    def hindrance(self) -> Trouble | None:
        """Why it can't be had just now, if that is its own fault."""

    def add(self, job: Job) -> None:
        """To be done."""

    def withdraw(self, job: Job) -> bool:
        """Take it back; False if it does not wait any more."""


class Commands:
    """Of one device; nothing is sent to it after `deadline_s`, on the loop's clock."""

    def __init__(self, host: Host, deadline_s: float) -> None:
        self._host = host
        self._deadline_s = deadline_s
        self._loop = asyncio.get_running_loop()

    async def write(self, bundles: Sequence[Bundle], wrote: Wrote) -> Result:
        """Write in the order given, and stop at the first that does not succeed."""

        async def work(connection: Connection, wrote: Wrote) -> Result:
            writer = Writer(connection, self._deadline_s, wrote)
            done: dict[str, Value] = {}
            for bundle in bundles:
                try:
                    result = await writer.write(bundle)
                except Trouble as trouble:
                    if not done:
                        raise
                    result = Result(ResultStatus.UNREACHABLE, reason=trouble.why, detail=str(trouble))
                if result.status is not ResultStatus.DONE:
                    return partly(done, result) if done else result
                done |= result.values
            return Result(ResultStatus.DONE, values=done)

        return await self._in_turn(work, wrote)

    async def invoke(self, invoking: Invoking, wrote: Wrote) -> Result:
        """Carry a command out, to its answer if it has one."""

        async def work(connection: Connection, wrote: Wrote) -> Result:
            writer = Writer(connection, self._deadline_s, wrote)
            return await answered(connection, writer, invoking, self._host.silence)

        return await self._in_turn(work, wrote)

    async def read(self, names: Sequence[str]) -> Result:
        """Read points now; of what is only notified, the next that comes."""
        reader = Reader({name: self._host.device.points[name] for name in names}, self._host.tellings)
        result = await self._in_turn(lambda connection, _: reader.read(connection), _unsent)
        if result.status is not ResultStatus.DONE:
            return result
        return await reader.ended(self._deadline_s)

    async def look(self, look: Look) -> Result:
        """Do something that changes nothing, in turn with the rest."""
        return await self._in_turn(lambda connection, _: look(connection), _unsent)

    async def _in_turn(self, work: Work, wrote: Wrote) -> Result:
        """As soon as it is its turn; never begun after the deadline."""
        job = Job(work, wrote)
        self._host.add(job)
        try:
            await asyncio.wait((job.outcome,), timeout=max(0.0, self._deadline_s - self._loop.time()))
            if not job.outcome.done() and self._host.withdraw(job):
                return expired(self._host.hindrance)
            return await job.outcome
        finally:
            self._host.withdraw(job)


def _unsent(_data: bytes) -> None:
    """To read changes nothing."""
