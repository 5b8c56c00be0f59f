from typing import Any

import pytest

from adapters.serial.framing.frame import Frame
from adapters.serial.talk.debts import (
    MAX_DEBTS,
    MAX_DOUBTS,
    QUIET_TIMEOUTS,
    REACH_TIMEOUTS,
    Debt,
    Debts,
    Question,
    Sought,
    in_doubt,
    missing,
)
from adapters.serial.talk.script import Script

TIMEOUT_S = 0.5
VOLT, CURR = Script((), 1.0), Script((), 2.0)
"""Two that are told apart."""
FRAME = Frame(b"1.5", b"1.5")


def asked(script: Script, whose: str = "d", address: str | None = None, **more: Any) -> Sought:
    return Sought(address, question=Question(whose, script, {}, 1)._replace(**more))


def owed(sought: Sought, at_s: float = 0.0) -> Debt:
    return missing(sought, at_s, TIMEOUT_S, at_s + TIMEOUT_S)


def all_of(debts: Debts, now_s: float) -> list[Debt]:
    return debts.fitting(lambda _: True, now_s)


def wait_s(debts: Debts, sought: Sought, now_s: float, *, fits: bool = True) -> float:
    return debts.quiet_until_s(sought, lambda _: fits, now_s)


def test_an_answer_is_reckoned_with_for_so_long() -> None:
    debts, reach_s = Debts(), REACH_TIMEOUTS * TIMEOUT_S
    debts.add(owed(asked(VOLT)))
    assert all_of(debts, reach_s - 0.001)
    assert not all_of(debts, reach_s)
    assert not debts


def test_the_oldest_of_too_many_is_forgotten() -> None:
    debts = Debts()
    for number in range(MAX_DEBTS + 1):
        debts.add(owed(asked(VOLT, step=number)))
        assert len(all_of(debts, 1.0)) == min(number + 1, MAX_DEBTS)
    assert [debt.sought.question.step for debt in all_of(debts, 1.0)] == [*range(1, MAX_DEBTS + 1)]


def test_who_answers_something_later_owes_nothing_from_before() -> None:
    debts = Debts()
    debts.add(owed(asked(VOLT)))
    debts.add(owed(asked(VOLT, "other")))
    debts.answered(asked(CURR).question)
    assert [debt.sought.question.whose for debt in all_of(debts, 1.0)] == ["other"]


@pytest.mark.parametrize("same", [{}, {"step": 2}, {"commands": 1}])
def test_a_question_is_the_same_if_nothing_has_changed_between(same: dict[str, Any]) -> None:
    again = asked(VOLT, **same).question
    assert asked(VOLT).question.is_same(again) is not bool(same)
    assert not asked(CURR).question.is_same(asked(VOLT).question)
    assert not asked(VOLT, "other").question.is_same(asked(VOLT).question)


def test_another_question_to_the_same_device_does_not_wait_until_its_answer_is_lost_for_sure() -> None:
    """It comes first, and is dropped; after the silence it comes no more."""
    debts, quiet_s = Debts(), QUIET_TIMEOUTS * TIMEOUT_S
    debts.add(owed(asked(VOLT)))
    assert wait_s(debts, asked(CURR), quiet_s - 0.001) == 0.0
    assert debts
    assert wait_s(debts, asked(CURR), quiet_s) == 0.0
    assert not debts


def test_the_same_question_and_those_of_other_addresses_never_wait() -> None:
    debts = Debts()
    debts.add(owed(asked(VOLT, address="01")))
    assert wait_s(debts, asked(VOLT, address="01"), 3.0) == 0.0
    assert wait_s(debts, asked(VOLT, "other", "02"), 3.0) == 0.0
    assert debts


def test_another_device_waits_where_no_address_tells_them_apart() -> None:
    debts, quiet_s = Debts(), QUIET_TIMEOUTS * TIMEOUT_S
    debts.add(owed(asked(VOLT)))
    assert wait_s(debts, asked(CURR, "other"), quiet_s - 0.001) == quiet_s
    assert wait_s(debts, asked(CURR, "other"), quiet_s) == 0.0
    assert not debts


def test_an_answer_in_doubt_lets_others_wait_if_it_looks_like_theirs_and_itself_when_that_goes_on() -> None:
    debt = owed(asked(VOLT))
    for doubts in range(1, MAX_DOUBTS + 1):
        debt = in_doubt(debt, owed(asked(VOLT), doubts), FRAME, doubts + 0.1)
        debts = Debts()
        debts.add(debt)
        assert debt.doubts == doubts
        assert bool(wait_s(debts, asked(VOLT), doubts + 0.2)) is (doubts == MAX_DOUBTS)
        assert wait_s(debts, asked(CURR), doubts + 0.2) == debt.quiet_until_s
        assert wait_s(debts, asked(CURR), doubts + 0.2, fits=False) == 0.0


@pytest.mark.parametrize(("took_s", "quiet_s"), [(0.6, 2.0), (2.0, 3.0), (4.0, 5.0)])
def test_the_silence_is_as_long_as_such_an_answer_takes_within_bounds(took_s: float, quiet_s: float) -> None:
    debt = in_doubt(owed(asked(VOLT)), owed(asked(VOLT), 10.0 + took_s), FRAME, took_s)
    assert debt.quiet_until_s == pytest.approx(10.0 + took_s + quiet_s)
