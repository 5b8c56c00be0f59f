"""One conversation with a device: a poll, a command, a sequence of steps."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence

from adapters.serial.config import NamedBaudrate
from adapters.serial.decode import Address, Shape
from adapters.serial.patterns import Pattern
from adapters.serial.talk.debts import Question, Sought
from adapters.serial.talk.ear import Answer
from adapters.serial.talk.outcome import Cut, Done, Expired, Outcome, Refusal, Silent, Unfit
from adapters.serial.talk.script import Script, Step
from adapters.serial.talk.talker import Talker
from gateway.model import Value
from gateway.template.template import Template
from gateway.values import Unwritable

Sent = Callable[[bytes], None]
"""Takes what goes on the wire, as it goes."""


def unsent(_data: bytes) -> None:
    """For those who do not ask what went on the wire."""


class Conversation:
    """A script carried out once; `shapes`: it ends with one of these messages. Only for the one who has the line."""

    def __init__(
        self,
        talker: Talker,
        script: Script,
        values: Mapping[str, Value],
        *,
        whose: str = "",
        address: Address | None = None,
        shapes: Sequence[Shape] = (),
        sent: Sent = unsent,
        not_after_s: float = math.inf,
    ) -> None:
        self._talker = talker
        self._script = script
        self._values = dict(values)
        self._question = Question(whose, script, values)
        self._address = address
        self._shapes = shapes
        self._sent = sent
        self._not_after_s = not_after_s
        self._loop = asyncio.get_running_loop()
        self._touched = False
        self._sought: Sought | None = None
        self._coming: asyncio.Future[Answer] | None = None
        self._answer: Answer | None = None
        self._groups: dict[str, str] = {}

    async def held(self) -> Outcome:
        """What came of it; the line may have another speed than its own (`Talker.own_baudrate`)."""
        if not self._shapes:
            self._talker.commands += 1
        self._question = self._question._replace(commands=self._talker.commands)
        outcome = await self._all()
        if self._coming is not None:
            self._talker.forget()
        return outcome

    @property
    def cut(self) -> Cut:
        """What comes of it if it is not held to its end."""
        return Cut(self._touched)

    async def end(self) -> None:
        """The line has its own speed again."""
        await self._talker.own_baudrate()

    async def _all(self) -> Outcome:
        for number, step in enumerate(self._script.steps, 1):
            if (trouble := await self._step(number, step)) is not None:
                return trouble
        if self._shapes:
            return await self._message()
        if self._coming is not None and (refusal := await self._objection(self._coming)) is not None:
            return refusal
        return self._done(self._answer)

    async def _step(self, number: int, step: Step) -> Outcome | None:
        """None: go on."""
        if step.pause_s:
            await asyncio.sleep(step.pause_s)
            return None
        if step.baudrate is not None:
            return await self._change_speed(step.baudrate)
        if (sought := self._sought_in(number, step)) is not None:
            if step.send is not None:
                await self._talker.in_step(sought)
            self._seek(sought)
        if self._loop.time() >= self._not_after_s:
            return Expired(self._touched)
        if step.send is not None and (trouble := self._say(step.send)) is not None:
            return trouble
        return await self._hear(number, step.timeout_s) if step.expect is not None else None

    async def _message(self) -> Outcome:
        """The last answer, if it is the message, or else the one that follows."""
        if self._script.last.expect is not None and self._answer is not None:
            answer = self._talker.as_message(self._answer, self._shapes)
            if answer.heard is not None:
                return self._done(answer)
        if self._coming is None:
            self._seek(self._sought_as(len(self._script.steps) + 1, None, self._shapes))
        trouble = await self._hear(len(self._script.steps), self._script.timeout_s)
        return trouble if trouble is not None else self._done(self._answer)

    async def _objection(self, coming: asyncio.Future[Answer]) -> Refusal | None:
        """What a device that says nothing when all is well may have to say."""
        await asyncio.wait((coming,), timeout=self._script.timeout_s)
        return self._refusal(coming.result()) if coming.done() else None

    async def _hear(self, number: int, timeout_s: float) -> Outcome | None:
        """The answer that is sought; None: it is here, and what it says is known."""
        assert self._coming is not None, "it is sought before anything is said"
        assert self._sought is not None, "likewise"
        coming, self._coming = self._coming, None
        answer = await self._talker.answer(coming, self._sought, timeout_s)
        if answer is None:
            self._talker.tally.timeouts += 1
            return Silent(number, len(self._script.steps), self._talker.is_in_doubt)
        if answer.refused:
            return self._refusal(answer)
        self._answer = answer
        self._groups |= answer.groups
        self._values |= answer.groups
        return None

    async def _change_speed(self, baudrate: int | NamedBaudrate) -> Outcome | None:
        if isinstance(baudrate, NamedBaudrate):
            named = self._groups.get(baudrate.from_)
            if named not in baudrate.table:
                known = ", ".join(baudrate.table)
                return Unfit(f"the device names the speed {named!r}, and the table has {known}", self._touched)
            baudrate = baudrate.table[named]
        await self._talker.set_baudrate(baudrate)
        return None

    def _say(self, template: Template) -> Outcome | None:
        try:
            data = template.render(self._values)
        except Unwritable as error:
            return Unfit(str(error), self._touched)
        self._talker.tally.requests += 1
        self._touched = True
        self._sent(self._talker.say(data, sealed=template.is_sealed))
        return None

    def _sought_in(self, number: int, step: Step) -> Sought | None:
        if step.expect is not None:
            return self._sought_as(number, step.expect.given(self._values))
        if step is self._script.last and (self._shapes or self._script.error is not None):
            return self._sought_as(number, None, self._shapes)
        return None

    def _sought_as(self, number: int, expect: Pattern | None, shapes: Sequence[Shape] = ()) -> Sought:
        return Sought(self._address, self._error, expect, shapes, self._question._replace(step=number))

    def _seek(self, sought: Sought) -> None:
        self._sought = sought
        self._coming = self._talker.seek(sought)

    @property
    def _error(self) -> Pattern | None:
        error = self._script.error
        return None if error is None else error.given(self._values)

    def _refusal(self, answer: Answer) -> Refusal:
        self._talker.tally.refusals += 1
        return Refusal(self._script.refusal(answer.groups, answer.frame.body.decode("latin-1").strip()))

    def _done(self, answer: Answer | None) -> Done:
        if answer is None:
            return Done(self._groups)
        return Done(self._groups, answer.heard, answer.time_ms)
