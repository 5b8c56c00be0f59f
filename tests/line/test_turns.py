from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.line import Load, Turns

SHARES = st.floats(0, 0.9)
TIMES_S = st.floats(0.001, 100)
ROUNDING = 1e-6

BOTH = Load(polls_wait=True, commands_wait=True)


class Took(NamedTuple):
    """How long the next poll and the next command would take; the one whose turn it is does."""

    poll_s: float
    command_s: float


class Clock:
    """A bus with one request under way, and what each kind has had of it."""

    def __init__(self, share: float) -> None:
        self.turns = Turns(share)
        self.now_s = self.polls_s = self.commands_s = 0.0
        self.turns.note(BOTH)

    def one(self, took: Took, *, polls_wait: bool = True, commands_wait: bool = True) -> None:
        """Serve one request; each kind has more waiting, or not."""
        poll = polls_wait and (self.turns.polls_first or not commands_wait)
        self.turns.note(Load(int(poll), int(not poll), polls_wait, commands_wait))
        self.now_s += took.poll_s if poll else took.command_s
        self.polls_s += took.poll_s if poll else 0.0
        self.commands_s += 0.0 if poll else took.command_s
        self.turns.charge(self.now_s)
        self.turns.note(Load(0, 0, polls_wait, commands_wait))


@given(SHARES, st.lists(st.builds(Took, TIMES_S, TIMES_S), min_size=1))
def test_polls_never_fall_behind_their_share_by_more_than_one_request(share: float, rows: list[Took]) -> None:
    clock = Clock(share)
    for row in rows:
        clock.one(row)
        assert clock.polls_s >= share * clock.now_s - max(row.command_s for row in rows) - ROUNDING


@given(SHARES, st.lists(st.builds(Took, TIMES_S, TIMES_S), min_size=1))
def test_commands_have_the_rest_but_for_one_request(share: float, rows: list[Took]) -> None:
    clock = Clock(share)
    for row in rows:
        clock.one(row)
        assert clock.commands_s >= (1 - share) * clock.now_s - max(row.poll_s for row in rows) - ROUNDING


@given(st.lists(st.builds(Took, TIMES_S, TIMES_S), min_size=1))
def test_with_a_share_of_nothing_no_poll_goes_before_a_command(rows: list[Took]) -> None:
    clock = Clock(0.0)
    for row in rows:
        clock.one(row)
    assert clock.polls_s == 0


@given(SHARES, st.lists(st.tuples(st.builds(Took, TIMES_S, TIMES_S), st.booleans(), st.booleans())))
def test_nobody_is_owed_for_time_in_which_he_did_not_wait(share: float, rows: list[tuple[Took, bool, bool]]) -> None:
    clock = Clock(share)
    for row, polls_wait, commands_wait in rows:
        before_s = clock.turns.owed_s
        clock.one(row, polls_wait=polls_wait, commands_wait=commands_wait)
        after_s = clock.turns.owed_s
        assert polls_wait or after_s <= 0
        assert commands_wait or after_s >= 0
        assert abs(after_s) <= max(abs(before_s), row.poll_s, row.command_s) + ROUNDING


@given(SHARES, st.lists(st.builds(Took, TIMES_S, TIMES_S)))
def test_what_one_kind_had_while_it_was_alone_is_not_held_against_it(share: float, rows: list[Took]) -> None:
    clock = Clock(share)
    for row in rows:
        clock.one(row, commands_wait=False)
    assert clock.turns.owed_s == 0
    for row in rows:
        clock.one(row, polls_wait=False)
    assert clock.turns.owed_s == 0


def test_requests_side_by_side_count_each_for_itself() -> None:
    turns = Turns(0.25)
    turns.note(Load(1, 3, polls_wait=True, commands_wait=True))
    turns.charge(10.0)
    assert turns.owed_s == 0
    turns.note(Load(0, 4, polls_wait=True, commands_wait=True))
    turns.charge(11.0)
    assert turns.owed_s == 1


@pytest.mark.parametrize("load", [Load(1, 3), Load(3, 1), Load(4, 0), Load(0, 4)])
def test_while_all_is_under_way_and_nothing_waits_nobody_is_owed_anything(load: Load) -> None:
    turns = Turns(0.3)
    turns.note(load)
    turns.charge(3600.0)
    assert turns.owed_s == 0
