"""What is remembered over connections: logins that failed, cuts, tokens and clocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.azure_iot_hub.ends import IN_A_ROW, REST_MAX_S, SOON_S, Ends
from gateway.endpoints.azure_iot_hub.tokens import EARLIER, RENEWED_AT, about_clock, term
from gateway.endpoints.azure_iot_hub.tries import FAILURES_TO_ASK, Tries
from gateway.endpoints.contract import Memory

DAY_S = 86_400.0


def test_a_refusal_has_the_other_key_tried_and_a_dead_line_does_not() -> None:
    memory: Memory = {}
    Tries(memory).failed(refused=False)
    assert Tries(memory).key == 0
    Tries(memory).failed(refused=True)
    assert Tries(memory).key == 1
    Tries(memory).let_in()
    assert Tries(memory).key == 1, "what has opened it is tried first the next time"


def test_provisioning_is_asked_anew_after_the_first_refusal_and_each_tenth_failure_only() -> None:
    memory: Memory = {}
    asked = []
    for _ in range(3 * FAILURES_TO_ASK):
        Tries(memory).failed(refused=True)
        asked.append(Tries(memory).asks_anew)
    assert [number for number, each in enumerate(asked, start=1) if each] == [1, 10, 20, 30]
    Tries(memory).let_in()
    assert not Tries(memory).asks_anew


def test_a_hub_that_can_not_be_reached_ten_times_may_be_another_one_now() -> None:
    memory: Memory = {}
    for number in range(1, FAILURES_TO_ASK + 1):
        Tries(memory).failed(refused=False)
        assert Tries(memory).asks_anew is (number == FAILURES_TO_ASK)


@pytest.mark.parametrize("kept", [None, 7, [], {"key": "x", "failures": None}, {"asks": 1}])
def test_a_memory_that_is_not_ours_is_none(kept: object) -> None:
    tries = Tries({"tries": kept})
    assert (tries.key, tries.asks_anew) == (0, False)
    assert Ends({"cuts": kept}).cut("box", 1.0, published=1, acknowledged=1) is None


def test_three_connections_on_which_nothing_was_acknowledged_are_a_hub_without_messages_left() -> None:
    memory: Memory = {}
    told = [Ends(memory).cut("box", 1.0, published=3, acknowledged=0) for _ in range(4)]
    assert told[:2] == [None, None]
    assert told[2] is not None
    assert "messages for today may be spent (until 00:00 UTC)" in told[2].text
    assert told[3] is not None
    assert told[3].text == told[2].text, "the same each time, so that it is logged once"
    assert told[3].rest_s == 0, "the pauses grow by themselves: nothing was delivered"


def test_cuts_soon_after_login_though_it_acknowledged_are_somebody_else_with_longer_and_longer_rests() -> None:
    memory: Memory = {}
    told = [Ends(memory).cut("box", 1.0, published=3, acknowledged=2) for _ in range(10)]
    assert told[: IN_A_ROW - 1] == [None] * (IN_A_ROW - 1)
    rests = [meaning.rest_s for meaning in told if meaning is not None]
    assert rests == [2, 4, 8, 16, 32, 60, 60, 60]
    assert max(rests) == REST_MAX_S
    assert all("connecting as box" in meaning.text for meaning in told if meaning is not None)


def test_that_it_is_cut_now_before_and_now_after_an_acknowledgement_changes_nothing() -> None:
    memory: Memory = {}
    told = [Ends(memory).cut("box", 1.0, published=3, acknowledged=number % 2) for number in range(4)]
    assert [meaning is not None for meaning in told] == [False, False, True, True]


@pytest.mark.parametrize("mends", ["well", "long", "idle"])
def test_a_connection_that_ends_otherwise_begins_the_count_anew(mends: str) -> None:
    memory: Memory = {}
    for _ in range(IN_A_ROW - 1):
        Ends(memory).cut("box", SOON_S, published=1, acknowledged=1)
    if mends == "well":
        Ends(memory).well()
    elif mends == "long":
        assert Ends(memory).cut("box", SOON_S + 1, published=1, acknowledged=1) is None
    else:
        assert Ends(memory).cut("box", 1.0, published=0, acknowledged=0) is None
    assert Ends(memory).cut("box", 1.0, published=1, acknowledged=1) is None


@given(st.floats(60, 365 * DAY_S), st.floats(0, 1), st.floats(0, 4e9), st.floats(0, 1e9))
def test_a_token_is_renewed_near_its_end_but_not_by_all_at_once(
    life_s: float, chance: float, wall_s: float, steady_s: float
) -> None:
    left_s = term(life_s, chance, wall_s, steady_s).left_s(wall_s, steady_s)
    assert (RENEWED_AT - EARLIER) * life_s - 1e-3 <= left_s <= RENEWED_AT * life_s + 1e-3


def test_a_clock_that_is_set_forward_ends_a_token_earlier_and_one_set_back_does_not_prolong_it() -> None:
    token = term(3600.0, 0.0, 1000.0, 50.0)
    assert token.left_s(1000.0 + 3600.0, 60.0) < 0
    assert token.left_s(0.0, 50.0 + 100.0) == token.left_s(1100.0, 150.0)


def test_what_is_said_of_the_clock_depends_on_what_can_be_wrong_with_it() -> None:
    assert about_clock(0.0, 1.7e9, synced=False).startswith("this box's clock is wrong: it says 1970-01-01 00:00 UTC")
    assert "no time server has set" in about_clock(1.8e9, 1.7e9, synced=False)
    assert about_clock(1.8e9, 1.7e9, synced=True) == "this box's clock: it says 2027-01-15 08:00 UTC"
