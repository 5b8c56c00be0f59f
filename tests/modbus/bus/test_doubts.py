from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.blocks.plan import Block
from adapters.modbus.bus.doubts import Doubts
from adapters.modbus.config import Table
from adapters.modbus.wire.exchange import Exchange
from adapters.modbus.wire.frames import Frames, read_frames
from adapters.modbus.wire.owed import Owed
from tests.modbus.setup import cell
from tests.modbus.virtual import ONE

COSTS_S = st.floats(0.01, 5.0)


def exchange() -> Exchange:
    return Exchange(read_frames(1, ONE), 1.0)


@given(st.lists(st.tuples(COSTS_S, COSTS_S), min_size=1, max_size=200))
def test_what_is_in_doubt_has_no_more_than_half_of_the_time_but_for_one_request(
    costs: list[tuple[float, float]],
) -> None:
    doubts, now_s, spent_s = Doubts(), 0.0, 0.0
    for vain_s, other_s in costs:
        trying = doubts.may_try(now_s)
        took_s = vain_s if trying else other_s
        if trying:
            doubts.tried(exchange(), now_s)
            spent_s += took_s
        now_s += took_s
        doubts.settle((), now_s, 1)
        assert spent_s <= now_s / 2 + max(vain_s for vain_s, _ in costs)


def test_what_is_under_way_is_counted_when_it_ends() -> None:
    doubts, sent = Doubts(), exchange()
    doubts.tried(sent, 0.0)
    doubts.settle([sent], 4.0, 1)
    assert doubts.may_try(4.0)
    doubts.settle([], 5.0, 1)
    assert not doubts.may_try(9.9)
    assert doubts.may_try(10.0)
    assert not doubts


def test_where_several_are_under_way_each_counts_for_its_place() -> None:
    doubts = Doubts()
    doubts.tried(exchange(), 0.0)
    doubts.settle([], 4.0, 4)
    assert doubts.may_try(5.0)


def test_nothing_sent_costs_nothing() -> None:
    doubts = Doubts()
    doubts.tried(None, 0.0)
    doubts.settle([], 9.0, 1)
    assert doubts.may_try(9.0)


@given(st.sampled_from(("holding", "input", "coil", "discrete")), st.integers(1, 40))
def test_each_question_is_unlike_all_that_is_owed_and_soon_of_another_function(table: Table, times: int) -> None:
    owed = Owed()
    wanted = read_frames(
        7, Block((cell(0, 65535, "uint16" if table in {"holding", "input"} else "bool", "ABCD", table),))
    )
    asked: list[Frames] = [wanted]
    for n in range(times):
        owed.missed(asked[-1].expected, float(n) / 10)
        question = owed.question(wanted.request)
        assert question is not None
        assert question.expected not in {each.expected for each in asked}
        asked.append(question)
    if times >= 3:
        assert len({each.expected[1] for each in asked[:4]}) == 2
