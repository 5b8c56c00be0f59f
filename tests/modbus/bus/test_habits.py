"""When people are told of answers that come twice, late or damaged, and when that this is over."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.bus.habits import HALVED_AFTER_S, ODD_MIN, TOLD, WELL_S, Habits
from adapters.modbus.wire.exchange import Odd
from gateway.model import Notice


def habits(memory: dict[str, Any] | None = None, now_s: float = 0.0) -> Habits:
    return Habits("d", 5, 0.5, {} if memory is None else memory, now_s)


def told(what: Habits, odd: Odd, times: int, *, answers: int = 0, now_s: float = 1.0) -> list[Notice]:
    return [notice for _ in range(times) if (notice := what.noted(odd, answers, now_s)) is not None]


@pytest.mark.parametrize(
    ("odd", "text"),
    [
        (Odd.TWICE, "answers twice"),
        (Odd.LATE, "answers later than its timeout of 500ms: lengthen `timeout`"),
        (Odd.STRANGER, "another unit id than 5"),
        (Odd.UNNUMBERED, "other transaction numbers than what was asked"),
        (Odd.DAMAGED, "damaged: termination or bias, the cable, or two devices with id 5"),
    ],
)
def test_a_habit_is_told_once_and_says_what_to_do(odd: Odd, text: str) -> None:
    (notice,) = told(habits(), odd, 100)
    assert text in notice.text
    assert (notice.device, notice.mended) == ("d", False)


def test_what_happens_less_than_so_often_is_not_told() -> None:
    assert told(habits(), Odd.LATE, ODD_MIN - 1) == []
    assert len(told(habits(), Odd.LATE, ODD_MIN)) == 1


@pytest.mark.parametrize(("answers", "is_told"), [(145, True), (147, False), (148, False)])
def test_one_in_fifty_is_not_yet_a_habit(answers: int, is_told: bool) -> None:
    assert bool(told(habits(), Odd.DAMAGED, 3, answers=answers)) is is_told


def test_each_kind_is_told_for_itself() -> None:
    what = habits()
    assert [len(told(what, odd, 10)) for odd in Odd] == [1] * len(Odd)


def test_a_good_year_hides_no_bad_hour() -> None:
    what = habits()
    year, hour_s = 10_000_000, 3600.0
    assert told(what, Odd.DAMAGED, 1, answers=year, now_s=hour_s) == []
    bad = [what.noted(Odd.DAMAGED, year + good, hour_s + 36.0 * (n + 1)) for n, good in enumerate(range(0, 20_000, 20))]
    assert sum(notice is not None for notice in bad) == 1


def test_it_is_over_when_there_has_been_none_for_an_hour_while_the_device_answered() -> None:
    what = habits()
    told(what, Odd.LATE, 5, answers=10, now_s=100.0)
    assert list(what.mended(1000, 100.0 + WELL_S - 1)) == []
    assert list(what.mended(10, 100.0 + 2 * WELL_S)) == []
    (notice,) = what.mended(1000, 100.0 + WELL_S)
    assert notice.mended
    assert list(what.mended(2000, 100.0 + 2 * WELL_S)) == []


@given(st.lists(st.tuples(st.sampled_from(Odd), st.integers(0, 30), st.floats(0.0, HALVED_AFTER_S)), max_size=200))
def test_nobody_is_told_twice_of_the_same_within_an_hour(events: list[tuple[Odd, int, float]]) -> None:
    what, answers, now_s = habits(), 0, 0.0
    last_s: dict[Odd, float] = {}
    for odd, good, pause_s in events:
        answers, now_s = answers + good, now_s + pause_s
        list(what.mended(answers, now_s))
        if what.noted(odd, answers, now_s) is not None:
            assert now_s - last_s.get(odd, -WELL_S) >= WELL_S
            last_s[odd] = now_s


def test_what_was_told_is_not_told_again_after_a_restart_and_its_end_is() -> None:
    memory: dict[str, Any] = {}
    told(habits(memory), Odd.TWICE, 5)
    assert memory == {TOLD: ["twice"]}
    again = habits(memory, now_s=7.0)
    assert again.told
    assert told(again, Odd.TWICE, 50, now_s=8.0) == []
    assert [notice.mended for notice in again.mended(100, 8.0 + WELL_S)] == [True]
    assert memory == {}


@pytest.mark.parametrize("kept", [None, 3, "twice", {"twice": 1}, [["twice"]], ["unheard of"]])
def test_a_memory_of_another_shape_is_no_harm(kept: object) -> None:
    assert not habits({TOLD: kept}).told
