"""Answers that have not come in time and may come yet: so that none is taken for another question's. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from adapters.serial.decode import Address, Shape
from adapters.serial.framing.frame import Frame
from adapters.serial.patterns import Pattern
from adapters.serial.talk.script import Script
from gateway.model import Value

QUIET_TIMEOUTS = 4
"""After a question: when the line was silent until then, its answer is lost, if it could be taken for another's."""
REACH_TIMEOUTS = 10
"""After a question: later than this its answer is not reckoned with at all."""
MAX_DEBTS = 16
"""A device that stands still and then says all at once has no more in its buffer."""
MAX_DOUBTS = 3
"""Of one question in a row; then it is found out by silence whose answers these are."""
DRAWN_OUT = 1.5
"""An answer that took so long may take so many times longer next time."""


class Question(NamedTuple):
    """What is asked: this step of a script, said with these values to this device, after so many commands."""

    whose: str = ""
    script: Script | None = None
    values: Mapping[str, Value] = {}
    step: int = 0
    commands: int = 0

    def is_like(self, other: Question) -> bool:
        """Whether it is of the same conversation, held once more; a command between them may have changed all."""
        mine, others = (self.whose, self.commands, self.values), (other.whose, other.commands, other.values)
        return self.script is other.script and mine == others

    def is_same(self, other: Question) -> bool:
        """Whether the answer to one says as much as the answer to the other."""
        return self.step == other.step and self.is_like(other)


class Sought(NamedTuple):
    """What an answer looks like: an error, what is expected, or one of these messages.

    `address`: whose it is, where frames of the line say that.
    """

    address: Address | None
    error: Pattern | None = None
    expect: Pattern | None = None
    shapes: Sequence[Shape] = ()
    question: Question = Question()


class Debt(NamedTuple):
    """An answer that is owed; with `doubts` it may have come: so many in a row could have been those before.

    `example`: what came then. Times are on the loop's clock.
    """

    sought: Sought
    asked_s: float
    timeout_s: float
    quiet_until_s: float
    doubts: int = 0
    example: Frame | None = None


def missing(sought: Sought, asked_s: float, timeout_s: float, now_s: float) -> Debt:
    """The answer that did not come in its time, which is over now."""
    return Debt(sought, asked_s, timeout_s, now_s + (QUIET_TIMEOUTS - 1) * timeout_s)


def in_doubt(of: Debt, now: Debt, example: Frame, now_s: float) -> Debt:
    """The answer to this question, which has come now, unless what came was the one owed before."""
    took_s = DRAWN_OUT * (now_s - of.asked_s)
    quiet_s = min(max(QUIET_TIMEOUTS * now.timeout_s, took_s), REACH_TIMEOUTS * now.timeout_s)
    return now._replace(quiet_until_s=now.asked_s + quiet_s, doubts=of.doubts + 1, example=example)


class Debts:
    """All that is owed on a line, the oldest first."""

    def __init__(self) -> None:
        self._all: list[Debt] = []

    def __bool__(self) -> bool:
        return bool(self._all)

    def add(self, debt: Debt) -> None:
        """It is owed from now on."""
        self._all = [*self._all[1 - MAX_DEBTS :], debt]

    def fitting(self, fits: Callable[[Sought], bool], now_s: float) -> list[Debt]:
        """Those that may still come, and that this may be."""
        self._all = [each for each in self._all if now_s < each.asked_s + REACH_TIMEOUTS * each.timeout_s]
        return [each for each in self._all if fits(each.sought)]

    def pay(self, debt: Debt) -> None:
        """It has come, and was dropped."""
        self._all = [each for each in self._all if each is not debt]

    def answered(self, question: Question) -> None:
        """This came for sure: devices answer in the order in which they were asked."""
        self._all = [each for each in self._all if each.sought.question.whose != question.whose]

    def taken(self, question: Question) -> None:
        """What came is the answer to this question, whichever time it was asked."""
        self._all = [each for each in self._all if not each.sought.question.is_same(question)]

    def settle(self) -> None:
        """Nothing is owed any more."""
        self._all = []

    def quiet_until_s(self, sought: Sought, fits: Callable[[Frame], bool], now_s: float) -> float:
        """When this may be asked: until then an answer that could not be told from its own may come.

        What would have come by now is forgotten.
        """
        until_s, kept = 0.0, []
        for debt in self._all:
            if not _could_be_mistaken(debt, sought, fits):
                kept.append(debt)
            elif now_s < debt.quiet_until_s:
                kept.append(debt)
                until_s = max(until_s, debt.quiet_until_s if _makes_wait(debt, sought.question) else 0.0)
        self._all = kept
        return until_s


def _could_be_mistaken(debt: Debt, sought: Sought, fits: Callable[[Frame], bool]) -> bool:
    """Not where frames say whose they are, or look otherwise; nor for a value of the same question a little older."""
    if debt.sought.address is not None and sought.address is not None and debt.sought.address != sought.address:
        return False
    if debt.sought.question.is_like(sought.question):
        return debt.doubts >= MAX_DOUBTS
    return debt.example is None or fits(debt.example)


def _makes_wait(debt: Debt, question: Question) -> bool:
    """One device answers in order: what is owed for sure comes first, and is dropped."""
    return debt.doubts > 0 or debt.sought.question.whose != question.whose
