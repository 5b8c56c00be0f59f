from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.learn import RETRY_S, Learned, Search
from adapters.modbus.plan import Block, Limits, plan
from tests.modbus.test_plan import cell

NOW_S = 1_700_000_000.0
WIDE = Limits(125, 2000, 125, 2000)


def search(block: Block, refused: set[int]) -> tuple[Search, int]:
    """Against a device that refuses to have these addresses read."""
    found, reads = Search(block), 0
    while (part := found.next) is not None:
        found.note(good=not refused & set(range(part.start, part.start + part.size)))
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
            learned.add(*search(block, refused)[0].facts(), NOW_S)
    raise AssertionError("it never ends")


def test_a_part_that_did_not_answer_teaches_nothing() -> None:
    found = Search(Block(tuple(cell(at, "holding", at) for at in range(4))))
    while found.next is not None:
        found.note(good=None)
    assert found.facts() == (set(), set())


def test_facts_are_kept_as_plain_data_and_found_again() -> None:
    memory: dict[str, object] = {}
    Learned(memory).add({("holding", 5)}, {("coil", 7, 8)}, NOW_S)
    again = Learned(memory)
    assert memory == {"cuts": [["holding", 5]], "absent": [["coil", 7, 8]], "since_s": NOW_S}
    assert (again.cuts, again.absent) == ({("holding", 5)}, {("coil", 7, 8)})


def test_facts_are_tried_again_after_a_day_and_after_a_clock_was_set_back() -> None:
    learned = Learned({})
    assert not learned.outdated(NOW_S)
    learned.add({("holding", 5)}, set(), NOW_S)
    assert not learned.outdated(NOW_S + RETRY_S - 1)
    assert learned.outdated(NOW_S + RETRY_S)
    assert learned.outdated(NOW_S - 1)
    learned.forget()
    assert not learned
