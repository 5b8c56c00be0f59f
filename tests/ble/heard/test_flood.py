"""A device that advertises more than anybody can use."""

from adapters.ble.heard.flood import MAX_PER_S
from tests.ble.heard.setup import Ear, ear


def flooded(count: int) -> Ear:
    tag = ear(points={"temperature": None})
    for number in range(count):
        tag.hear(temperature=number / 100)
    return tag


def test_as_many_as_it_may_send_are_all_told() -> None:
    tag = flooded(MAX_PER_S)
    assert len(tag.items) == 1 + MAX_PER_S
    assert tag.counters.overflowed == 0
    assert not tag.notices


def test_of_more_the_newest_is_told_the_rest_counted_and_people_told_once() -> None:
    tag = flooded(500)
    assert tag.pass_(1.0) == {"temperature": 4.99}
    assert tag.counters.overflowed == 500 - MAX_PER_S - 1
    assert tag.counters.adverts == 500
    for number in range(500):
        tag.hear(temperature=number / 100)
    tag.pass_(2.0)
    assert [notice.mended for notice in tag.notices] == [False]


def test_that_it_is_over_is_told_some_time_later() -> None:
    tag = flooded(500)
    tag.pass_(9.0)
    assert len(tag.notices) == 1
    tag.pass_(2.0)
    assert [notice.mended for notice in tag.notices] == [False, True]


def test_what_was_held_back_is_not_told_when_something_newer_was_said() -> None:
    tag = ear(points={"temperature": None})
    for number in range(MAX_PER_S):
        tag.hear(temperature=number / 10)
    tag.hear(temperature=50.0)
    tag.hear(temperature=(MAX_PER_S - 1) / 10)
    assert tag.pass_(2.0) == {}
    assert tag.counters.overflowed == 1


def test_the_same_again_and_again_is_no_flood() -> None:
    tag = ear(points={"temperature": None})
    for _ in range(500):
        tag.hear(temperature=20.0)
    assert tag.counters.collapsed == 499
    assert tag.counters.overflowed == 0


def test_what_was_heard_and_left_out_is_not_lost() -> None:
    tag = ear(points={"lost": None})
    tag.hear(temperature=0.0, packet=0)
    tag.hear(temperature=0.0, packet=3)
    for number in range(4, 204):
        tag.hear(temperature=number / 100, packet=number)
    tag.pass_(2.0)
    assert tag.hear(temperature=5.0, packet=206) == {"lost": 4}
    assert tag.counters.lost == 4


def test_an_event_is_told_once_also_where_a_flood_began_or_ended() -> None:
    tag = ear(points={"button": None})
    told = [tag.hear(button=1, packet=number // 3, temperature=number / 100) for number in range(3 * MAX_PER_S)]
    told += [tag.pass_(2.0), tag.hear(button=1, packet=MAX_PER_S - 1), tag.hear(button=1, packet=MAX_PER_S)]
    numbers = {number // 3 for number in range(MAX_PER_S)} | {MAX_PER_S - 1, MAX_PER_S}
    assert sum("button" in each for each in told) == len(numbers)
