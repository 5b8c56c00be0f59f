"""One link at work: its supervised adapter and the queue of its commands."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any

from gateway.adapter import Adapter, AdapterError, Direction, LinkConfig, Memory, Rejected, Tap, Tell, to_nobody
from gateway.field import Field
from gateway.jobs import STOPPING, Job, Queue, carry_out
from gateway.model import (
    BadReason,
    Command,
    DeviceState,
    DeviceStatus,
    Notice,
    Relearned,
    Result,
    ResultStatus,
    Sample,
)
from gateway.supervisor import Supervised

GRACE_S = 0.5
"""How long after its deadline a command may still report what came of it."""

LONGEST_S = 120.0
"""What an adapter may take for one command, however late its deadline: those behind it must not wait for ever."""

LENT = "a scan has the link for itself: its devices are out of reach until that has ended"

SIGNS_OF_DEATH = frozenset({BadReason.TIMEOUT, BadReason.NO_LINK, BadReason.STALE})
"""Reasons that say nothing has answered; any other comes from a device that has."""

SIGNS_OF_LIFE = frozenset({DeviceState.ONLINE, DeviceState.DEGRADED})
"""States of devices that have answered."""

Learned = Callable[[str], None]
"""Is told of a device that turns out to have other points than it is known with."""


class FieldLink:
    """The devices of one link, kept alive; commands wait here while as many are under way as the adapter takes."""

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
        learned: Learned = lambda _: None,
    ) -> None:
        self.supervised = Supervised(f"link {name}", self._serve, config.reconnect, on_down=self._down)
        self._name = name
        self._learned = learned
        self._met = asyncio.Event()
        self._unmet = {device for device, settings in devices.items() if not settings.points}
        self._meet()
        self._class = adapter
        self._config = config
        self._devices = devices
        self._memory = memory
        self._field = field
        self._queue = Queue(max_queue)
        self._turns = asyncio.Semaphore(adapter.concurrency)
        self._taps: list[Tap] = []
        self._adapter: Adapter | None = None
        self._gone: asyncio.Future[None] | None = None
        self._wanted, self._ours = asyncio.Event(), asyncio.Event()
        self._ours.set()
        self._counted: Counter[str] = Counter()

    def health(self) -> dict[str, Any]:
        """Its state, how often it failed, and what its adapter has counted since the start of the process."""
        now = self._adapter.counters() if self._adapter is not None else {}
        supervised = self.supervised
        return {"state": supervised.phase.value, "failures": supervised.failures, **(self._counted + Counter(now))}

    def submit(self, job: Job) -> None:
        """Queue a command; raises Rejected when too many wait."""
        self._queue.put(job)

    @property
    def is_full(self) -> bool:
        """Whether `submit` would refuse."""
        return self._queue.is_full

    @property
    def is_idle(self) -> bool:
        """Whether no command waits or is under way."""
        return self._queue.is_idle

    async def run_commands(self) -> None:
        """Carry out queued commands, until cancelled; while one pauses, other devices have their turn."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                await self._queue.ready()
                await self._turns.acquire()
                job = self._queue.take()
                work = carry_out(job, partial(self._execute, job), self._pause)
                task = tasks.create_task(work, name=f"command:{job.command.device}")
                task.add_done_callback(partial(self._ended, job))

    async def tried(self) -> None:
        """Return once it is up and devices without points have been asked for some, or it has failed."""
        await self.supervised.told.wait()
        await self._met.wait()

    def refuse_waiting(self) -> None:
        """At the stop: what still waits is answered, and has not touched its device."""
        for job in self._queue.drain():
            job.finished(STOPPING)

    @contextmanager
    def tapped(self, tap: Tap) -> Iterator[None]:
        """Show everything that goes over the link from now on; raises Rejected where the adapter can't."""
        self._taps.append(tap)
        try:
            if self._adapter is not None:
                self._adapter.tap(self._show)
            yield
        finally:
            self._taps.remove(tap)
            if self._adapter is not None and not self._taps:
                self._adapter.tap(None)

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Nothing of ours is on the link meanwhile; its devices are out of reach."""
        self._ours.clear()
        self._wanted.set()
        try:
            if self._gone is not None:
                await asyncio.shield(self._gone)
            yield
        finally:
            self._wanted.clear()
            self._ours.set()

    async def scan(self, options: Mapping[str, Any], tell: Tell = to_nobody) -> list[dict[str, Any]]:
        """Look for devices; raises Rejected. Ends with the connection."""
        if self._adapter is None or self._gone is None:
            raise Rejected("no-link", "the link is down")
        scan = asyncio.ensure_future(self._adapter.scan(options, tell))
        try:
            waits: set[asyncio.Future[Any]] = {scan, self._gone}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            if not scan.done():
                raise Rejected("no-link", "the link went down meanwhile")
            return scan.result()
        finally:
            scan.cancel()

    def _meet(self, device: str = "") -> None:
        """Something is known of it."""
        self._unmet.discard(device)
        if not self._unmet:
            self._met.set()

    def _down(self, _reason: str) -> None:
        self._met.set()
        self._field.link_down(self._name)

    def _show(self, direction: Direction, data: bytes) -> None:
        for tap in self._taps:
            tap(direction, data)

    def _ended(self, job: Job, task: asyncio.Task[Result]) -> None:
        self._turns.release()
        self._queue.done(job)
        if not task.cancelled():
            job.finished(task.result())
        else:
            job.finished(_cut_short(job.command) if job.is_begun else STOPPING)

    async def _pause(self, pause_s: float) -> None:
        """Let others have their turn meanwhile."""
        self._turns.release()
        await asyncio.sleep(pause_s)
        await self._turns.acquire()

    async def _serve(self, up: Callable[[], None]) -> None:
        while not self._ours.is_set():
            await self._ours.wait()
        adapter = self._class(self._config, self._devices, self._memory)
        self._gone = asyncio.get_running_loop().create_future()
        self._adapter = adapter
        if self._taps:
            with suppress(Rejected):  # who looks on sees nothing; the link serves all the same
                adapter.tap(self._show)
        try:
            await self._until_wanted(adapter.run(_Signs(self._field, up, self._meet, self._learned)))
        finally:
            self._adapter = None
            self._counted.update(adapter.counters())
            self._gone.set_result(None)

    async def _until_wanted(self, run: Coroutine[Any, Any, None]) -> None:
        """Serve, unless somebody else needs the link: AdapterError, so that it is served again after that."""
        serving, wanted = asyncio.ensure_future(run), asyncio.ensure_future(self._wanted.wait())
        try:
            await asyncio.wait({serving, wanted}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wanted.cancel()
            if not serving.done():
                serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        if self._wanted.is_set() and serving.cancelled():
            raise AdapterError(LENT)
        serving.result()

    async def _execute(self, job: Job, command: Command) -> Result:
        loop = asyncio.get_running_loop()
        if loop.time() >= command.deadline_s:
            return Result(ResultStatus.EXPIRED, detail="it waited behind other commands until it expired")
        if self._adapter is None or self._gone is None:
            return Result(ResultStatus.UNREACHABLE, reason="no-link", detail="the link to the device is down")
        job.is_begun = True
        execution = asyncio.ensure_future(_asked(self._adapter, command, job))
        try:
            waits: set[asyncio.Future[Any]] = {execution, self._gone}
            await asyncio.wait(
                waits,
                timeout=min(command.deadline_s + GRACE_S - loop.time(), LONGEST_S),
                return_when=asyncio.FIRST_COMPLETED,
            )
            return _outcome(execution, command)
        finally:
            execution.cancel()


class _Signs:
    """Passes everything on, and says that the link serves when something shows it."""

    def __init__(self, field: Field, up: Callable[[], None], met: Callable[[str], None], learned: Learned) -> None:
        self._field = field
        self._up = up
        self._met = met
        self._learned = learned

    def __call__(self, item: Sample | DeviceStatus | Notice | Relearned, /) -> None:
        if isinstance(item, Sample):
            if _is_sign_of_life(item):
                self._up()
        elif isinstance(item, Relearned):
            self._up()
            self._met(item.device)
            self._learned(item.device)
            return
        elif isinstance(item, DeviceStatus):
            if item.state in SIGNS_OF_LIFE:
                self._up()
            self._met(item.device)
        self._field(item)

    async def durable(self, sample: Sample, /) -> None:
        if _is_sign_of_life(sample):
            self._up()
        await self._field.durable(sample)


def _is_sign_of_life(sample: Sample) -> bool:
    if any(b.reason not in SIGNS_OF_DEATH for b in sample.bad.values()):
        return True
    return any(value is not None for value in sample.values) if sample.partial else len(sample.bad) < len(sample.values)


async def _asked(adapter: Adapter, command: Command, job: Job) -> Result:
    """Whatever an adapter does, also while it is only called, ends this and nothing else."""
    if command.peek is not None:
        return await adapter.peek(command)
    return await adapter.execute(command, job.wire.append)


def _outcome(execution: asyncio.Future[Result], command: Command) -> Result:
    if not execution.done():
        return _cut_short(command)
    if execution.cancelled():
        return Result(
            ResultStatus.UNKNOWN, reason="defect", detail="it cancelled itself: it may or may not have happened"
        )
    error = execution.exception()
    if isinstance(error, Rejected):
        return Result(ResultStatus.REJECTED, reason=error.reason, detail=error.detail, rule=error.rule)
    if error is not None:
        return Result(ResultStatus.UNKNOWN, reason="defect", detail=f"{type(error).__name__}: {error}")
    result: Any = execution.result()
    if isinstance(result, Result):
        return result
    return Result(ResultStatus.UNKNOWN, reason="defect", detail=f"the adapter says {type(result).__name__}")


def _cut_short(command: Command) -> Result:
    if command.read is not None or command.peek is not None:
        return Result(ResultStatus.UNREACHABLE, detail="no answer in time")
    return Result(ResultStatus.UNKNOWN, detail="cut short: it may or may not have happened")
