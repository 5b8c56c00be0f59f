"""The grid on a clock of its own: no drift, nothing piled up."""

import asyncio
import heapq
from collections.abc import Callable
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.grid import Grid, Slot, Ticket, shared_grid

START_S = 1_700_000_000.0
PERIODS = st.sampled_from([0.01, 0.05, 0.1, 1.0, 2.5, 10.0, 3600.0])


class Clock:
    """A loop that only has timers, and a wall clock that may be set; each timer fires late by what `late` says."""

    def __init__(self, late: Callable[[], float] = lambda: 0.0) -> None:
        self.set_by_s = START_S
        self._time_s = 0.0
        self._late = late
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._count = 0

    @property
    def now_s(self) -> float:
        return self._time_s + self.set_by_s

    def time(self) -> float:
        return self._time_s

    def call_later(self, delay_s: float, call: Callable[[], object]) -> None:
        self._count += 1
        heapq.heappush(self._timers, (self._time_s + max(0.0, delay_s) + self._late(), self._count, call))

    def step(self) -> None:
        due_s, _, call = heapq.heappop(self._timers)
        self._time_s = max(self._time_s, due_s)
        call()

    def run(self, seconds: float) -> None:
        end_s = self._time_s + seconds
        while self._timers and self._timers[0][0] <= end_s:
            self.step()
        self._time_s = end_s

    @property
    def timers(self) -> int:
        return len(self._timers)

    def grid(self) -> Grid:
        return Grid(cast("asyncio.AbstractEventLoop", self), lambda: self.now_s)


def never(error: Exception) -> None:
    """For a poll that raises nothing."""
    raise error


class Poll:
    """Notes when it was woken; keeps every `keep`th slot only."""

    def __init__(self, clock: Clock, busy: Callable[[], bool] = lambda: False) -> None:
        self.woken: list[float] = []
        self._clock = clock
        self._busy = busy

    def __call__(self) -> bool:
        self.woken.append(self._clock.now_s)
        return not self._busy()


@given(PERIODS, st.floats(0, 0.9), st.randoms(use_true_random=False))
def test_wakes_stay_on_whole_periods_however_late_timers_are(every_s: float, phase_share: float, random: Any) -> None:
    clock = Clock(lambda: random.uniform(0, 0.5) * every_s)
    slot = Slot(every_s, phase_share * every_s)
    poll = Poll(clock)
    clock.grid().subscribe(slot, poll, never)
    clock.run(200 * every_s)
    numbers = [slot.number_at(woken_s) for woken_s in poll.woken]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert 199 <= len(numbers) <= 200
    for woken_s, number in zip(poll.woken, numbers, strict=True):
        assert woken_s - slot.start_of(number) <= 0.51 * every_s


@given(st.lists(st.floats(0, 5), min_size=1, max_size=50))
def test_every_slot_is_woken_or_counted(delays: list[float]) -> None:
    late = iter(delays)
    clock = Clock(lambda: next(late, 0.0))
    slot = Slot(1.0)
    poll = Poll(clock)
    ticket = clock.grid().subscribe(slot, poll, never)
    first = slot.number_at(clock.now_s)
    for _ in range(len(delays) + 2):
        clock.step()
    assert len(poll.woken) + ticket.skipped == slot.number_at(clock.now_s) - first


def test_a_poll_that_is_busy_is_counted() -> None:
    clock = Clock()
    ticket = clock.grid().subscribe(Slot(1.0), Poll(clock, busy=lambda: True), never)
    clock.run(10.5)
    assert ticket.skipped == 10


def test_all_polls_of_a_period_wake_by_one_timer() -> None:
    clock = Clock()
    grid = clock.grid()
    polls = [Poll(clock) for _ in range(40)]
    for poll in polls:
        grid.subscribe(Slot(0.1), poll, never)
    assert clock.timers == 1
    clock.run(1.05)
    assert {tuple(poll.woken) for poll in polls} == {tuple(polls[0].woken)}
    assert len(polls[0].woken) == 10


def test_a_phase_moves_a_poll_aside() -> None:
    clock = Clock()
    poll = Poll(clock)
    clock.grid().subscribe(Slot(1.0, 0.2), poll, never)
    clock.run(3.0)
    assert [round(woken_s - START_S, 3) for woken_s in poll.woken] == [0.2, 1.2, 2.2]


def test_a_cancelled_poll_is_not_woken_and_its_timer_goes() -> None:
    clock = Clock()
    poll = Poll(clock)
    ticket = clock.grid().subscribe(Slot(1.0), poll, never)
    clock.run(2.5)
    ticket.cancel()
    ticket.cancel()
    clock.run(10)
    assert len(poll.woken) == 2
    assert clock.timers == 0


def test_a_poll_may_cancel_itself_and_others_while_it_is_woken() -> None:
    clock = Clock()
    grid = clock.grid()
    tickets: list[Ticket] = []
    woken: list[float] = []

    def cancel_all() -> bool:
        woken.append(clock.now_s)
        for ticket in tickets:
            ticket.cancel()
        return True

    tickets += [grid.subscribe(Slot(1.0), cancel_all, never) for _ in range(3)]
    clock.run(5)
    assert clock.timers == 0
    assert len(woken) == 1


@pytest.mark.parametrize("jump_s", [100.0, 0.4, -50.0, -0.4, 86400 * 365.0])
def test_a_clock_that_is_set_stops_nothing_and_misses_nothing(jump_s: float) -> None:
    clock = Clock()
    poll = Poll(clock)
    ticket = clock.grid().subscribe(Slot(1.0), poll, never)
    clock.run(2.5)
    clock.set_by_s += jump_s
    clock.run(5.0)
    assert len(poll.woken) in {6, 7, 8}
    assert ticket.skipped <= 1, "only time that has passed can be missed"


def test_what_is_missed_while_the_loop_is_busy_is_counted_also_when_the_clock_is_set_then() -> None:
    late = iter([0.0, 7.2])
    clock = Clock(lambda: next(late, 0.0))
    ticket = clock.grid().subscribe(Slot(1.0), Poll(clock), never)
    clock.step()
    clock.set_by_s += 1000
    clock.step()
    assert ticket.skipped == 7


def test_a_poll_that_raises_ends_alone_and_its_owner_hears_of_it() -> None:
    clock = Clock()
    grid = clock.grid()
    defect = ZeroDivisionError()
    woken: list[float] = []
    told: list[Exception] = []

    def broken() -> bool:
        woken.append(clock.now_s)
        raise defect

    before, after = Poll(clock), Poll(clock)
    grid.subscribe(Slot(1.0), before, never)
    grid.subscribe(Slot(1.0), broken, told.append)
    grid.subscribe(Slot(1.0), after, never)
    clock.run(3.5)
    assert (len(before.woken), len(woken), len(after.woken)) == (3, 1, 3)
    assert told == [defect]


async def test_a_loop_has_one_grid() -> None:
    assert shared_grid() is shared_grid()


@pytest.mark.parametrize("early_s", [0.0, 0.0004])
def test_a_timer_that_fires_a_little_early_serves_its_slot(early_s: float) -> None:
    slot = Slot(0.01)
    assert slot.number_at(slot.start_of(7) - early_s) == 7
