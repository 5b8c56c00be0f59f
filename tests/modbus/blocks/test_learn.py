from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.blocks.learn import GOOD, RETRY_MAX_S, RETRY_MIN_S, Facts, Learned, Search
from adapters.modbus.blocks.plan import Block, Limits, Span, plan
from tests.modbus.blocks.test_plan import cell

NOW_S = 1_700_000_000.0
FACTS: Facts = ({("holding", 5)}, {})
ABSENT: Span = ("holding", 7, 9)
OTHER: Span = ("input", 7, 8)
WIDE = Limits(125, 2000, 125, 2000)


def search(block: Block, refused: set[int]) -> tuple[Search, int]:
    """Against a device that refuses to have these addresses read."""
    found, reads = Search(block, 2), 0
    while (part := found.next) is not None:
        found.note(2 if refused & set(range(part.start, part.start + part.size)) else GOOD)
        reads += 1
    return found, reads


@given(st.sets(st.integers(0, 99), min_size=2), st.sets(st.integers(0, 99), min_size=1))
def test_a_search_finds_every_point_that_does_not_exist_and_no_other(used: set[int], refused: set[int]) -> None:
    cells = [cell(place, "holding", at) for place, at in enumerate(sorted(used))]
    (block,) = plan(cells, WIDE)
    if not refused & set(range(block.start, block.start + block.size)):
        return
    found, reads = search(block, refused)
    _, absent = found.facts()
    assert {start for _, start, _ in absent} == used & refused
    assert reads <= 2 * len(used) - 2


@given(st.sets(st.integers(0, 99), min_size=2), st.sets(st.integers(0, 99), min_size=1))
def test_planning_and_searching_ends_with_blocks_that_can_all_be_read(used: set[int], refused: set[int]) -> None:
    cells = [cell(place, "holding", at) for place, at in enumerate(sorted(used))]
    learned = Learned({})
    for _ in range(len(used)):
        blocks = plan(cells, WIDE, learned.cuts, learned.absent)
        broken = [block for block in blocks if refused & set(range(block.start, block.start + block.size))]
        if not broken:
            return
        for block in broken:
            learned.add(search(block, refused)[0].facts(), NOW_S)
    raise AssertionError("it never ends")


def test_a_part_that_did_not_answer_teaches_nothing() -> None:
    found = Search(Block(tuple(cell(at, "holding", at) for at in range(4))), 2)
    while found.next is not None:
        found.note(None)
    assert found.facts() == (set(), {})


def test_a_point_keeps_the_code_with_which_it_was_refused() -> None:
    found = Search(Block((cell(0, "holding", 7),)), 3)
    assert found.facts() == (set(), {("holding", 7, 8): 3})


def test_facts_are_kept_as_plain_data_and_found_again() -> None:
    memory: dict[str, object] = {}
    Learned(memory).add(({("holding", 5)}, {("coil", 7, 8): 2}), NOW_S)
    again = Learned(memory)
    assert memory == {
        "cuts": [["holding", 5]],
        "absent": [["coil", 7, 8, 2]],
        "since_s": NOW_S,
        "retry_s": RETRY_MIN_S,
    }
    assert (again.cuts, again.absent) == ({("holding", 5)}, {("coil", 7, 8): 2})


@pytest.mark.parametrize(
    "memory",
    [
        {"cuts": 5},
        {"cuts": None},
        {"cuts": [["holding"]]},
        {"cuts": [["nowhere", 5]]},
        {"cuts": [["holding", "5"]]},
        {"cuts": [[["holding"], 5]]},
        {"absent": {"holding": 1}},
        {"absent": [["holding", 7, 8]]},
        {"absent": [["holding", 7, 8, 10**30]]},
        {"absent": [["holding", 7, 8, 2]], "since_s": "yesterday"},
        {"retry_s": []},
        {"told": [["holding", 7]]},
        {"told_cuts": "x"},
        {7: 8, "cuts": "x"},
    ],
    ids=str,
)
def test_a_memory_of_another_shape_is_begun_afresh(memory: dict[Any, Any]) -> None:
    learned = Learned(memory)
    assert not learned
    assert not learned.outdated(NOW_S)
    learned.add(FACTS, NOW_S)
    assert Learned(memory).cuts == FACTS[0]


def test_what_else_is_in_a_memory_does_not_disturb() -> None:
    learned = Learned({"cuts": [["holding", 5]], "other": object()})
    assert learned.cuts == FACTS[0]


def test_facts_are_tried_again_in_growing_pauses_up_to_a_day() -> None:
    learned, now_s = Learned({}), NOW_S
    assert not learned.outdated(now_s)
    pauses = []
    for _ in range(13):
        learned.add(FACTS, now_s)
        pause_s = next(s for s in (60 * 2**n for n in range(20)) if learned.outdated(now_s + min(s, RETRY_MAX_S)))
        pause_s = min(pause_s, RETRY_MAX_S)
        assert not learned.outdated(now_s + pause_s - 1)
        pauses.append(pause_s)
        now_s += pause_s
        learned.forget()
        assert not learned
    assert pauses[:3] == [60, 120, 240]
    assert pauses[-2:] == [RETRY_MAX_S, RETRY_MAX_S]


def test_a_device_that_was_fine_for_long_begins_with_short_pauses_again() -> None:
    learned = Learned({})
    learned.add(FACTS, NOW_S)
    learned.forget()
    learned.add(FACTS, NOW_S + 60)
    learned.forget()
    learned.add(FACTS, NOW_S + 3600)
    assert learned.outdated(NOW_S + 3600 + RETRY_MIN_S)


def test_a_clock_that_was_set_back_counts_as_time_passed() -> None:
    learned = Learned({})
    learned.add(FACTS, NOW_S)
    assert learned.outdated(NOW_S - 1)


def test_what_is_missing_is_told_once_also_by_the_next_instance_and_after_a_retry() -> None:
    memory: dict[str, Any] = {}
    learned = Learned(memory)
    learned.add((set(), {ABSENT: 2}), NOW_S)
    assert learned.untold([ABSENT, OTHER]) == {ABSENT}
    assert learned.untold([ABSENT]) == set()
    again = Learned(memory)
    again.forget()
    again.add((set(), {ABSENT: 2}), NOW_S)
    assert again.untold([ABSENT]) == set()


def test_what_comes_back_is_told_once_and_may_be_missed_again() -> None:
    memory: dict[str, Any] = {}
    learned = Learned(memory)
    learned.add((set(), {ABSENT: 2}), NOW_S)
    learned.untold([ABSENT])
    learned.forget()
    assert learned.returned([ABSENT, OTHER]) == {ABSENT}
    assert Learned(memory).returned([ABSENT]) == set()
    learned.add((set(), {ABSENT: 2}), NOW_S)
    assert learned.untold([ABSENT]) == {ABSENT}


def test_a_border_is_told_once() -> None:
    memory: dict[str, Any] = {}
    learned = Learned(memory)
    learned.add(FACTS, NOW_S)
    assert learned.untold_cuts() == FACTS[0]
    assert Learned(memory).untold_cuts() == set()


def test_another_place_is_another_device_of_which_nothing_is_known() -> None:
    memory: dict[str, Any] = {"other": 1}
    learned = Learned(memory)
    learned.be_of("unit 1", [ABSENT])
    learned.add((set(), {ABSENT: 2}), NOW_S)
    learned.untold([ABSENT])
    same = Learned(memory)
    same.be_of("unit 1", [ABSENT])
    assert (same.absent, same.told) == ({ABSENT: 2}, {ABSENT})
    same.be_of("unit 2", [ABSENT])
    assert (same.absent, same.told) == ({}, set())
    assert memory == {"other": 1, "place": "unit 2"}


def test_what_no_point_reads_any_more_is_not_awaited() -> None:
    memory: dict[str, Any] = {}
    learned = Learned(memory)
    learned.add((set(), {ABSENT: 2, OTHER: 2}), NOW_S)
    learned.untold([ABSENT, OTHER])
    again = Learned(memory)
    again.be_of("unit 1", [OTHER])
    assert again.told == {OTHER}
