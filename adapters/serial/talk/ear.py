"""Everything that comes: answers go to who waits for them, all else to the device that says it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from adapters.serial.decode import Address, Heard, Router, Shape
from adapters.serial.framing.frame import Frame
from adapters.serial.talk.debts import Debt, Debts, Sought
from adapters.serial.talk.punctuality import Punctuality

Tell = Callable[[Heard, int], None]
"""Takes what a device says, and when that came, in Unix milliseconds."""


class Answer(NamedTuple):
    """What was waited for: `heard` if it is a message, `groups` what it says by names; `refused`: it says no."""

    frame: Frame
    time_ms: int
    groups: Mapping[str, str]
    heard: Heard | None = None
    refused: bool = False


class Ear:
    """Hears frames; at most one answer is awaited at a time. `addresses`: those of all devices of the line."""

    def __init__(self, router: Router, addresses: Collection[Address], tell: Tell) -> None:
        self._router = router
        self._addresses = addresses
        self._tell = tell
        self._sought: Sought | None = None
        self._came: asyncio.Future[Answer] | None = None
        self._loop = asyncio.get_running_loop()
        self.debts = Debts()
        self.punctuality = Punctuality()
        self.doubted: Debt | None = None
        """What the last answer may have been, too."""
        self.is_in_doubt = False
        """Whether something was dropped that may have been the answer which is awaited."""
        self.drops_late = False
        """Whether the line is kept silent for what is late."""
        self.came_late: Callable[[], None] = _nothing
        """Told when a late answer was dropped."""
        self.strange: Frame | None = None
        """The last that was no message of any device here."""
        self.answers = 0
        """Frames that were waited for."""
        self.late = 0
        """Answers that came after their time, and were dropped."""

    def __call__(self, frame: Frame, time_ms: int) -> None:
        """Take a frame."""
        answer = None if self._sought is None else self._fits(self._sought, frame, time_ms)
        owed = self._owed(frame, time_ms) if self.debts else None
        if answer is not None and (not owed or self._is_as_good(owed)):
            self._accept(answer, owed[0] if owed else None)
        elif owed:
            self.is_in_doubt |= answer is not None
            self._late(owed[0], frame, time_ms, is_sure=answer is None and not self.drops_late)
        elif (heard := self._router.route(frame)) is not None:
            self._tell(heard, time_ms)
        else:
            self.strange = frame

    @property
    def waits(self) -> bool:
        """Whether an answer is awaited."""
        return self._sought is not None

    def seek(self, sought: Sought) -> asyncio.Future[Answer]:
        """The next frame that fits is an answer."""
        self._sought = sought
        self.doubted, self.is_in_doubt = None, False
        self._came = asyncio.get_running_loop().create_future()
        return self._came

    def give_up(self) -> None:
        """No answer is waited for any more."""
        self._sought = self._came = None

    def quiet_until_s(self, sought: Sought) -> float:
        """When it may be asked for this without being told something else."""
        if not self.debts:
            return 0.0
        now_s = self._loop.time()
        return self.debts.quiet_until_s(sought, lambda frame: self._fits(sought, frame, 0) is not None, now_s)

    def as_message(self, answer: Answer, shapes: Sequence[Shape]) -> Answer:
        """The same, with what it says if it is one of these messages."""
        for shape in shapes:
            if (reading := shape.read(answer.frame)) is not None:
                heard = Heard(shape, reading, answer.frame)
                return answer._replace(heard=heard, groups=heard.groups)
        return answer

    def _accept(self, answer: Answer, debt: Debt | None) -> None:
        assert self._sought is not None, "it is an answer to something"
        assert self._came is not None, "both are set together"
        question = self._sought.question
        if debt is None:
            self.punctuality.in_time(question.whose)
            self.debts.answered(question)
        else:
            self.debts.taken(question)
        self.doubted, self._sought = debt, None
        self.answers += 1
        if not self._came.done():
            self._came.set_result(answer)

    def _is_as_good(self, owed: Sequence[Debt]) -> bool:
        """Whether it is a value of the same question, only a little older; unless all answers would be that."""
        assert self._sought is not None, "something is sought"
        question = self._sought.question
        if self.punctuality.words(question.whose) is not None:
            return False
        return all(debt.sought.question.is_same(question) for debt in owed)

    def _owed(self, frame: Frame, time_ms: int) -> list[Debt]:
        return self.debts.fitting(lambda sought: self._fits(sought, frame, time_ms) is not None, self._loop.time())

    def _late(self, debt: Debt, frame: Frame, time_ms: int, *, is_sure: bool) -> None:
        """It is dropped, unless its address says whose it is and nobody can take it for another answer."""
        self.debts.pay(debt)
        self.punctuality.late(debt.sought.question.whose, self._loop.time() - debt.asked_s, debt.timeout_s)
        heard = self._router.route(frame) if is_sure and debt.sought.address is not None else None
        if heard is not None and heard.shape in debt.sought.shapes:
            self._tell(heard, time_ms)
        else:
            self.late += 1
        self.came_late()

    def _fits(self, sought: Sought, frame: Frame, time_ms: int) -> Answer | None:
        is_own = True
        if sought.address is not None:
            address = self._router.address_of(frame)
            is_own = address == sought.address
            if not is_own and address in self._addresses:
                return None
        if sought.error is not None and (groups := sought.error.groups(frame.body)) is not None:
            return Answer(frame, time_ms, groups, refused=True)
        if sought.expect is not None:
            groups = sought.expect.groups(frame.body)
            return None if groups is None else Answer(frame, time_ms, groups)
        if not is_own:
            return None
        answer = self.as_message(Answer(frame, time_ms, {}), sought.shapes)
        return answer if answer.heard is not None else None


def _nothing() -> None:
    """Nobody waits for what is late."""
