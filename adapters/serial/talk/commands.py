"""Commands carried out on a connection: invoked, written and read back, read."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from adapters.serial.decode import Heard, Reading, Shape
from adapters.serial.talk.checks import Invoking, Writing
from adapters.serial.talk.conversation import Conversation
from adapters.serial.talk.outcome import Cut, Done, Expired, Outcome, Refusal, Silent, Unfit, plainly
from adapters.serial.talk.party import Party
from adapters.serial.talk.poll import Line, Poll
from adapters.serial.talk.raw import step_of
from adapters.serial.talk.script import Script
from adapters.serial.talk.turn import in_turn
from gateway.adapter import Wrote
from gateway.model import OF_A_VALUE, Bad, BadReason, Result, ResultStatus, Value
from gateway.values import near

NO_LINK = Result(ResultStatus.UNREACHABLE, reason="no-link", detail="the connection went down")
UNASKED_S = 30.0
"""For the next word of a device that sends by itself, where nothing says how often it does."""


class Commands:
    """Of one device; `polls`: how its messages are asked for, by name."""

    def __init__(self, party: Party, polls: Mapping[str, Poll], line: Line, not_after_s: float) -> None:
        self._party = party
        self._polls = polls
        self._line = line
        self._not_after_s = not_after_s
        self._loop = asyncio.get_running_loop()

    async def invoke(self, invoking: Invoking, wrote: Wrote) -> Result:
        """Carry a command out."""
        outcome = await self._said(invoking.script, invoking.values, wrote)
        if isinstance(outcome, Done):
            return Result(ResultStatus.DONE, values=outcome.groups)
        return _trouble(outcome)

    async def write(self, writings: Sequence[Writing], wrote: Wrote) -> Result:
        """Write points in the order given, and stop at the first that does not succeed."""
        done: dict[str, Value] = {}
        for writing in writings:
            result = await self._write(writing, wrote)
            if result.status is not ResultStatus.DONE:
                return _partly(done, result) if done else result
            done |= result.values
        return Result(ResultStatus.DONE, values=done)

    async def read(self, names: Sequence[str]) -> Result:
        """Read points now; of what is not asked for, the next that comes."""
        values: dict[str, Value] = {}
        bad: dict[str, Bad] = {}
        for shape in self._shapes(names):
            if isinstance(reading := await self._reading(shape), Result):
                return reading
            read = zip(shape.group.points, reading.values, strict=True)
            values |= {name: value for name, value in read if name in names and value is not None}
            bad |= {name: why for name, why in reading.bad.items() if name in names}
        if values or all(why.reason in OF_A_VALUE for why in bad.values()):
            return Result(ResultStatus.DONE, values=values, bad=bad)
        reason = next(iter(bad.values())).reason
        return Result(ResultStatus.FAILED, bad=bad, reason=reason, detail="it answers, but nothing that is a value")

    async def _write(self, writing: Writing, wrote: Wrote) -> Result:
        values = {**self._party.ground.known, "value": writing.raw}
        outcome = await self._said(writing.script, values, wrote)
        if not isinstance(outcome, Done):
            return _trouble(outcome)
        read_back = writing.point.read_back
        if read_back is None:
            return Result(ResultStatus.DONE, values={writing.name: writing.value})
        step = step_of(writing.point, writing.how)
        return await self._compare(writing.name, writing.value, max(read_back.tolerance, step / 2))

    async def _compare(self, name: str, written: Value, tolerance: float) -> Result:
        """What was written against what the device says now."""
        (shape,) = self._shapes((name,))
        reading = await self._reading(shape)
        if isinstance(reading, Result):
            detail = f"{name} was written, but not read back: {reading.detail or reading.status.value}"
            return Result(ResultStatus.UNKNOWN, reason="not-verified", detail=detail)
        found = reading.values[shape.group.points.index(name)]
        if near(written, found, tolerance):
            return Result(ResultStatus.DONE, values={name: written})
        bad = {name: reading.bad[name]} if name in reading.bad else {}
        said = found if found is not None else bad[name].value if bad else None
        detail = f"{name}: {written} was written and accepted, but {said} was read back"
        values = {} if found is None else {name: found}
        return Result(ResultStatus.FAILED, values, bad, "read-back-differs", detail)

    async def _said(self, script: Script, values: Mapping[str, Value], wrote: Wrote) -> Outcome | None:
        conversation = Conversation(
            self._line.talker,
            script,
            values,
            whose=self._party.name,
            address=self._party.address,
            sent=wrote,
            not_after_s=self._not_after_s,
        )
        outcome = await in_turn(self._line.order, conversation, self._not_after_s)
        if isinstance(outcome, Done | Refusal):
            self._party.answered()
        return outcome

    async def _reading(self, shape: Shape) -> Reading | Result:
        """What a message says now."""
        poll = self._polls.get(shape.message)
        if poll is None:
            return await self._next(shape)
        outcome = await in_turn(self._line.order, poll.conversation(self._not_after_s), self._not_after_s)
        if not isinstance(outcome, Done) or outcome.heard is None:
            return _unread(outcome)
        self._line.take(outcome)
        self._party.answered()
        heard: Heard = outcome.heard
        return heard.reading if heard.shape is shape else await self._next(shape)

    async def _next(self, shape: Shape) -> Reading | Result:
        """What it says next by itself."""
        patience_s = min(shape.group.stale_after_s or UNASKED_S, self._not_after_s - self._loop.time())
        coming = self._party.next_of((shape,))
        try:
            async with asyncio.timeout(patience_s):
                return await coming
        except TimeoutError:
            detail = f"it sends by itself, and nothing came within {patience_s:.3g} s"
            return Result(ResultStatus.UNREACHABLE, reason=BadReason.TIMEOUT, detail=detail)
        finally:
            coming.cancel()

    def _shapes(self, names: Iterable[str]) -> list[Shape]:
        """In which these points come."""
        wanted = set(names)
        return [shape for shape in self._party.shapes if wanted.intersection(shape.group.points)]


def _trouble(outcome: Outcome | None) -> Result:
    """Of something that may have changed the device."""
    match outcome:
        case None:
            return NO_LINK
        case Expired(touched=False):
            return Result(ResultStatus.EXPIRED, detail="the line was busy until it expired")
        case Refusal(words):
            return Result(ResultStatus.FAILED, reason=BadReason.DEVICE_ERROR, detail=words)
        case Silent():
            detail = f"{plainly(outcome)}: it may or may not have happened"
            return Result(ResultStatus.UNKNOWN, reason=BadReason.TIMEOUT, detail=detail)
        case Cut(touched=False):
            return NO_LINK
        case Cut():
            detail = f"{plainly(outcome)}: it may or may not have happened"
            return Result(ResultStatus.UNKNOWN, reason="no-link", detail=detail)
        case Unfit(detail, touched=False):
            return Result(ResultStatus.REJECTED, reason="malformed", detail=detail)
        case Expired():
            return Result(ResultStatus.UNKNOWN, detail=f"{plainly(outcome)}: it may or may not have happened")
        case _:
            return Result(ResultStatus.FAILED, reason=BadReason.DEVICE_ERROR, detail=plainly(outcome))


def _unread(outcome: Outcome | None) -> Result:
    match outcome:
        case None | Cut():
            return NO_LINK
        case Expired():
            return Result(ResultStatus.EXPIRED, detail="the line was busy until it expired")
        case Silent():
            return Result(ResultStatus.UNREACHABLE, reason=BadReason.TIMEOUT, detail=plainly(outcome))
        case _:
            return Result(ResultStatus.FAILED, reason=BadReason.DEVICE_ERROR, detail=plainly(outcome))


def _partly(done: Mapping[str, Value], trouble: Result) -> Result:
    """A part is done: then nothing is `expired` or `unreachable` as a whole."""
    untouched = {ResultStatus.EXPIRED, ResultStatus.UNREACHABLE, ResultStatus.REJECTED}
    status = ResultStatus.FAILED if trouble.status in untouched else trouble.status
    detail = f"written: {', '.join(done)}; then {trouble.detail}"
    return Result(status, {**done, **trouble.values}, trouble.bad, trouble.reason, detail)
