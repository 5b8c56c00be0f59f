"""Commands on their way to a device: in which order, under what conditions, in how many steps."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from gateway.adapter import Rejected
from gateway.model import Command, Interlock, Part, Result, ResultStatus, Settling, Value
from gateway.settling import Execute, Pause, settle_s, written

STOPPING = Result(ResultStatus.REJECTED, reason="stopping", detail="the gateway stops; the device was not touched")


class Job(Struct):
    """A claimed command, what must hold for it, and whom to tell its end. With `parts` these are done in its stead."""

    command: Command
    finished: Callable[[Result], None]
    interlocks: tuple[Interlock, ...] = ()
    parts: tuple[Part, ...] = ()
    wire: list[bytes] = []
    """Requests that may have changed something, as they went."""
    is_begun: bool = False
    """Whether its adapter has been asked for anything."""
    settling: Mapping[str, Settling] = {}
    """The points of its device that need time before they are read back."""

    @property
    def pauses_s(self) -> float:
        """How long it waits in all."""
        writes = [part.step.write for part in self.parts] or [self.command.write or {}]
        return sum(part.step.pause_s for part in self.parts) + sum(settle_s(each, self.settling) for each in writes)


class Queue:
    """Commands of one link in the order of their arrival; of each device one at a time."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._waiting: deque[Job] = deque()
        self._busy: set[str] = set()
        self._changed = asyncio.Event()

    def put(self, job: Job) -> None:
        """Let it wait for its turn; raises Rejected when too many do."""
        if self.is_full:
            raise Rejected("queue-full", f"{self.limit} commands wait on this link already")
        self._waiting.append(job)
        self._changed.set()

    @property
    def is_full(self) -> bool:
        """Whether `put` would refuse."""
        return len(self._waiting) >= self.limit

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits or is under way."""
        return not self._waiting and not self._busy

    async def ready(self) -> None:
        """Return once there is something to take."""
        while self._next() is None:
            self._changed.clear()
            await self._changed.wait()

    def take(self) -> Job:
        """The first whose device is free, which is busy until `done`; only when `ready`."""
        job = self._next()
        assert job is not None, "ask whether it is ready"
        self._waiting.remove(job)
        self._busy.add(job.command.device)
        return job

    def done(self, job: Job) -> None:
        """Its device may have the next one."""
        self._busy.discard(job.command.device)
        self._changed.set()

    def drain(self) -> list[Job]:
        """Everything that waits, which then does not any more."""
        waiting = list(self._waiting)
        self._waiting.clear()
        return waiting

    def _next(self) -> Job | None:
        return next((job for job in self._waiting if job.command.device not in self._busy), None)


async def carry_out(job: Job, execute: Execute, pause: Pause) -> Result:
    """A job from its conditions to its last step; `execute` never raises, and nothing is done again."""
    pauses_s = job.pauses_s
    rest_s = job.command.deadline_s - asyncio.get_running_loop().time()
    if 0 < rest_s <= pauses_s:  # half of it is worse than nothing
        return Result(ResultStatus.EXPIRED, detail=f"its pauses take {pauses_s:g} s, and it expires in {rest_s:.1f} s")
    refusal = await _check(job.command, job.interlocks, execute)
    if refusal is not None:
        return refusal
    if job.parts:
        return await _in_parts(job, execute, pause)
    return await written(job.command, job.settling, execute, pause)


async def _check(command: Command, interlocks: tuple[Interlock, ...], execute: Execute) -> Result | None:
    for interlock in interlocks:
        refusal = await _locked(command, interlock, execute)
        if refusal is not None:
            return refusal
    return None


async def _locked(command: Command, interlock: Interlock, execute: Execute) -> Result | None:
    """Why a command must not be carried out; None if every point reads as it must, now."""
    read = Command(command.id, command.device, command.deadline_s, read=tuple(interlock.wanted))
    found = await execute(read)
    if found.status in {ResultStatus.EXPIRED, ResultStatus.UNREACHABLE}:
        return found
    for name, wanted in interlock.wanted.items():
        if name not in found.values:
            why = found.bad[name].reason.value if name in found.bad else found.detail or found.status.value
            return _refusal(interlock, f"{name} can't be read ({why}), and must be {_said(wanted)}")
        if found.values[name] != wanted:
            return _refusal(interlock, f"{name} is {_said(found.values[name])}, and must be {_said(wanted)}")
    return None


def _refusal(interlock: Interlock, detail: str) -> Result:
    return Result(ResultStatus.REJECTED, reason="policy", rule=interlock.rule, detail=f"interlock: {detail}")


def _said(value: Value) -> str:
    return msgspec.json.encode(value).decode()


async def _in_parts(job: Job, execute: Execute, pause: Pause) -> Result:
    values: dict[str, Value] = {}
    is_begun = False
    for number, part in enumerate(job.parts, 1):
        step = part.step
        if step.pause_s:
            await pause(step.pause_s)
            continue
        command = msgspec.structs.replace(job.command, write=step.write, invoke=None, args={})
        refusal = await _check(command, part.interlocks, execute)
        result = refusal or await written(command, job.settling, execute, pause)
        if result.status is not ResultStatus.DONE:
            return _broken_off(job, number, values, result) if is_begun else result
        values |= result.values
        is_begun = True
    return Result(ResultStatus.DONE, values=values)


def _broken_off(job: Job, number: int, values: Mapping[str, Value], result: Result) -> Result:
    """A part is done: then nothing is `expired` or `rejected` as a whole."""
    untouched = {ResultStatus.EXPIRED, ResultStatus.UNREACHABLE, ResultStatus.REJECTED}
    status = ResultStatus.FAILED if result.status in untouched else result.status
    detail = f"step {number} of {len(job.parts)}: {result.detail or result.reason or result.status.value}"
    written = {**values, **result.values}
    return Result(status, written, result.bad, result.reason, detail, result.rule)
