from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.gatt.slots import KEPT_TURN_S, Seat, Slots
from tests.support.clockwork import Clockwork


class Room:
    """Slots on a loop whose time the test moves, and who wants one."""

    def __init__(self, count: int) -> None:
        self.loop = Clockwork(1000.0)
        self.slots = self.loop.run(self._made(count))
        self.seats: dict[str, Seat] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def _made(self, count: int) -> Slots:
        return Slots(count)

    def come(self, name: str, *, kept: bool = False, after_s: float = 0.0) -> None:
        self.tasks[name] = self.loop.create_task(self._visit(name, kept, after_s))
        self.loop.quiet()

    async def _visit(self, name: str, kept: bool, after_s: float) -> None:
        async with self.slots.seat(name, kept=kept, after_s=after_s) as seat:
            self.seats[name] = seat
            try:
                await asyncio.Event().wait()
            finally:
                del self.seats[name]

    def go(self, name: str) -> None:
        self.tasks.pop(name).cancel()
        self.loop.quiet()

    @property
    def seated(self) -> set[str]:
        return set(self.seats)

    @property
    def asked(self) -> set[str]:
        return {name for name, seat in self.seats.items() if seat.asked}


@pytest.fixture
def pair() -> Iterator[Room]:
    room = Room(2)
    yield room
    room.loop.end()


def test_no_more_are_seated_than_there_are_slots(pair: Room) -> None:
    for name in "abc":
        pair.come(name)
    assert pair.seated == {"a", "b"}
    pair.go("a")
    assert pair.seated == {"b", "c"}


def test_who_came_first_is_served_first(pair: Room) -> None:
    for name in "abcd":
        pair.come(name)
    pair.go("b")
    pair.go("a")
    assert pair.seated == {"c", "d"}


def test_who_is_in_a_hurry_goes_before_who_came_a_little_earlier(pair: Room) -> None:
    pair.come("a")
    pair.come("b")
    pair.come("poll")
    pair.come("command", after_s=-5.0)
    pair.go("a")
    assert pair.seated == {"b", "command"}


def test_who_waits_already_may_be_given_haste(pair: Room) -> None:
    for name in "abcd":
        pair.come(name)
    pair.slots.hurry("d", pair.loop.time() - 5.0)
    pair.go("a")
    assert pair.seated == {"b", "d"}


def test_nobody_is_asked_to_go_while_nobody_waits(pair: Room) -> None:
    pair.come("a")
    pair.come("b", kept=True)
    pair.loop.advance(10 * KEPT_TURN_S)
    assert not pair.asked


def test_who_stays_only_for_convenience_is_asked_at_once(pair: Room) -> None:
    pair.come("a")
    pair.come("b", kept=True)
    pair.come("c")
    assert pair.asked == {"a"}


def test_nobody_is_asked_any_more_once_nobody_waits(pair: Room) -> None:
    for name in "abc":
        pair.come(name)
    pair.go("c")
    assert not pair.asked


def test_where_all_are_kept_the_longest_gives_way_after_its_turn(pair: Room) -> None:
    pair.come("a", kept=True)
    pair.loop.advance(10.0)
    pair.come("b", kept=True)
    pair.come("c")
    assert not pair.asked
    pair.loop.advance(KEPT_TURN_S - 10.0)
    assert pair.asked == {"a"}


def test_more_kept_ones_than_slots_take_turns(pair: Room) -> None:
    names = ["a", "b", "c"]
    for name in names:
        pair.come(name, kept=True)
    had = dict.fromkeys(names, 0)
    for _ in range(30):
        pair.loop.advance(KEPT_TURN_S)
        for name in pair.asked:
            pair.go(name)
            pair.come(name, kept=True)
        for name in pair.seated:
            had[name] += 1
    assert min(had.values()) >= 15


def test_a_slot_that_an_occasional_one_does_not_give_back_is_made_up_for_by_a_kept_one(pair: Room) -> None:
    pair.come("stuck")
    pair.come("kept", kept=True)
    pair.come("c")
    pair.loop.advance(KEPT_TURN_S - 1.0)
    assert "kept" not in pair.asked
    pair.loop.advance(1.0)
    assert "kept" in pair.asked


STEPS = st.lists(st.tuples(st.sampled_from("abcdef"), st.booleans(), st.sampled_from([-5.0, 0.0, 5.0])), max_size=40)


@given(st.integers(1, 3), STEPS)
def test_whatever_comes_and_goes_no_seat_is_lost_or_given_twice(
    count: int, steps: list[tuple[str, bool, float]]
) -> None:
    room = Room(count)
    for name, kept, after_s in steps:
        if name in room.tasks:
            room.go(name)
        else:
            room.come(name, kept=kept, after_s=after_s)
        assert len(room.seated) == min(count, len(room.tasks))
        assert sorted(room.slots.taken) == sorted(room.seated)
        assert room.slots.waiting == len(room.tasks) - len(room.seated)
    room.loop.end()


@given(st.integers(1, 8))
def test_cancelled_just_as_it_is_given_a_seat_it_leaves_it_to_the_next(turns: int) -> None:
    room = Room(1)
    room.come("a")
    room.come("b")
    room.come("c")
    room.tasks.pop("a").cancel()
    room.loop.turn(turns)
    room.tasks.pop("b").cancel()
    room.loop.quiet()
    assert room.seated == {"c"}
    room.loop.end()
