"""One link at work: its supervised adapter and the queue of its commands."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from gateway.adapter import Adapter, LinkConfig, Memory, Rejected
from gateway.field import Field
from gateway.model import BadReason, Command, DeviceStatus, Result, ResultStatus, Sample
from gateway.supervisor import Supervised

GRACE_S = 0.5
"""How long after its deadline a command may still report what came of it."""

STOPPING = Result(ResultStatus.REJECTED, reason="stopping", detail="the gateway stops; the device was not touched")

SIGNS_OF_DEATH = frozenset({BadReason.TIMEOUT, BadReason.NO_LINK})
"""Reasons that say nothing has answered; any other comes from a device that has."""


class Job(Struct):
    """A claimed command and whom to tell its end."""

    command: Command
    finished: Callable[[Result], None]
    wire: list[bytes] = []
    """Requests that may have changed something, as they went."""


class FieldLink:
    """The devices of one link, kept alive; commands wait here while one is under way."""

    def __init__(
        self,
        name: str,
        *,
        adapter: type[Adapter],
        config: LinkConfig,
        devices: Mapping[str, Any],
        memory: Memory,
        field: Field,
        max_queue: int,
    ) -> None:
        self.supervised = Supervised(
            f"link {name}", self._serve, config.reconnect, on_down=lambda _: field.link_down(name)
        )
        self.concurrency = adapter.concurrency
        self._class = adapter
        self._config = config
        self._devices = devices
        self._memory = memory
        self._field = field
        self._jobs: asyncio.Queue[Job] = asyncio.Queue(max_queue)
        self._adapter: Adapter | None = None
        self._gone: asyncio.Future[None] | None = None
        self._counted: Counter[str] = Counter()

    def health(self) -> dict[str, Any]:
        """Its state, how often it failed, and what its adapter has counted since the start of the process."""
        now = self._adapter.counters() if self._adapter is not None else {}
        supervised = self.supervised
        return {"state": supervised.phase.value, "failures": supervised.failures, **(self._counted + Counter(now))}

    def submit(self, job: Job) -> None:
        """Queue a command; raises Rejected when too many wait."""
        try:
            self._jobs.put_nowait(job)
        except asyncio.QueueFull:
            raise Rejected("queue-full", f"{self._jobs.maxsize} commands wait on this link already") from None

    @property
    def is_full(self) -> bool:
        """Whether `submit` would refuse."""
        return self._jobs.full()

    async def run_commands(self) -> None:
        """Carry out queued commands one after the other, until cancelled."""
        while True:
            job = await self._jobs.get()
            try:
                job.finished(await self._execute(job))
            except asyncio.CancelledError:
                job.finished(_cut_short(job.command))
                raise

    def refuse_waiting(self) -> None:
        """At the stop: what still waits is answered, and has not touched its device."""
        while not self._jobs.empty():
            self._jobs.get_nowait().finished(STOPPING)

    async def _serve(self, up: Callable[[], None]) -> None:
        adapter = self._class(self._config, self._devices, self._memory)
        self._gone = asyncio.get_running_loop().create_future()
        self._adapter = adapter
        try:
            await adapter.run(_FirstSign(self._field, up))
        finally:
            self._adapter = None
            self._counted.update(adapter.counters())
            self._gone.set_result(None)

    async def _execute(self, job: Job) -> Result:
        command = job.command
        loop = asyncio.get_running_loop()
        if loop.time() >= command.deadline_s:
            return Result(ResultStatus.EXPIRED, detail="it waited behind other commands until it expired")
        if self._adapter is None or self._gone is None:
            return Result(ResultStatus.UNREACHABLE, reason="no-link", detail="the link to the device is down")
        execution = asyncio.ensure_future(self._adapter.execute(command, job.wire.append))
        try:
            waits: set[asyncio.Future[Any]] = {execution, self._gone}
            await asyncio.wait(
                waits,
                timeout=command.deadline_s + GRACE_S - loop.time(),
                return_when=asyncio.FIRST_COMPLETED,
            )
            return _outcome(execution, command)
        finally:
            execution.cancel()


class _FirstSign:
    """Passes everything on, and says once that the link serves."""

    def __init__(self, field: Field, up: Callable[[], None]) -> None:
        self._field = field
        self._up = up

    def __call__(self, item: Sample | DeviceStatus, /) -> None:
        if isinstance(item, Sample) and _is_sign_of_life(item):
            self._up()
        self._field(item)

    async def durable(self, sample: Sample, /) -> None:
        await self._field.durable(sample)


def _is_sign_of_life(sample: Sample) -> bool:
    return len(sample.bad) < len(sample.values) or any(b.reason not in SIGNS_OF_DEATH for b in sample.bad.values())


def _outcome(execution: asyncio.Future[Result], command: Command) -> Result:
    if not execution.done():
        return _cut_short(command)
    if execution.cancelled():
        return Result(
            ResultStatus.UNKNOWN, reason="defect", detail="it cancelled itself: it may or may not have happened"
        )
    error = execution.exception()
    if isinstance(error, Rejected):
        return Result(ResultStatus.REJECTED, reason=error.reason, detail=error.detail)
    if error is not None:
        return Result(ResultStatus.UNKNOWN, reason="defect", detail=f"{type(error).__name__}: {error}")
    return execution.result()


def _cut_short(command: Command) -> Result:
    if command.write is None:
        return Result(ResultStatus.UNREACHABLE, detail="no answer in time")
    return Result(ResultStatus.UNKNOWN, detail="cut short: it may or may not have happened")
