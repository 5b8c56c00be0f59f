"""What must not be forgotten over a restart, and what it costs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.heard.kept import COUNTERS, KEEP_S, Kept


def test_what_is_kept_is_known_at_once_and_after_a_restart() -> None:
    memory: dict[str, Any] = {}
    kept = Kept(memory)
    kept.keep("bthome", 7)
    assert kept.get("bthome") == 7
    kept.rest()
    assert Kept(memory).get("bthome") == 7
    assert Kept(memory).get("atc") is None


def test_the_memory_changes_soon_and_then_no_more_often_than_the_disk_should_be_written() -> None:
    memory: dict[str, Any] = {}
    kept = Kept(memory)
    written = []
    for second in range(int(3 * KEEP_S)):
        kept.keep("bthome", second)
        kept.look(float(second))
        written.append(memory[COUNTERS]["bthome"])
    assert sorted(set(written)) == [0, int(KEEP_S), int(2 * KEEP_S)]


def test_what_has_not_changed_leaves_the_memory_alone() -> None:
    memory: dict[str, Any] = {COUNTERS: {"bthome": 7}}
    before = memory[COUNTERS]
    kept = Kept(memory)
    kept.keep("bthome", 7)
    kept.look(0.0)
    kept.rest()
    assert memory[COUNTERS] is before


@pytest.mark.parametrize("strange", ["7", [7], {"bthome": "7"}, {"bthome": True}, None])
def test_what_somebody_else_wrote_is_nothing(strange: Any) -> None:
    assert Kept({COUNTERS: strange}).get("bthome") is None


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 2**32))), st.integers(0, 30))
def test_an_end_in_good_order_loses_nothing(numbers: list[tuple[str, int]], looks: int) -> None:
    memory: dict[str, Any] = {}
    kept = Kept(memory)
    for place, (name, number) in enumerate(numbers):
        kept.keep(name, number)
        if place < looks:
            kept.look(float(place))
    kept.rest()
    assert {name: Kept(memory).get(name) for name in dict(numbers)} == dict(numbers)
