"""Which packets are believed, by the counter that they were sealed with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.decoders.replays import LEAP, RESTART_MS, RESTART_PACKETS, Replays
from tests.ble.decoders.told import Notebook

KEY, OTHER_KEY = bytes(16), bytes(15) + b"\1"
STEP_MS = RESTART_MS // (RESTART_PACKETS - 1)
"""So that the fewest packets that show a restart take just as long as they must."""


def replays(notebook: Notebook | None = None, key: bytes = KEY) -> Replays:
    return Replays("x", notebook or Notebook(), key)


def believed(of: Replays, *counters: int, at_ms: int = 0, step_ms: int = STEP_MS) -> list[int]:
    return [counter for place, counter in enumerate(counters) if of.accept(counter, at_ms + place * step_ms)]


def test_each_counter_above_the_one_before_is_believed() -> None:
    assert believed(replays(), 7, 8, 500, 10**6) == [7, 8, 500, 10**6]


def test_what_was_accepted_is_kept_over_a_restart_of_the_gateway() -> None:
    notebook = Notebook()
    assert believed(replays(notebook), 500) == [500]
    assert not replays(notebook).accept(499, 0)
    assert notebook.facts["x"] == 500


@pytest.mark.parametrize("counter", [0, 5, 99, 100, 999])
def test_a_counter_that_goes_back_once_is_not_believed_however_small_it_is(counter: int) -> None:
    assert believed(replays(), 1000, counter) == [1000]


def test_several_packets_may_share_the_newest_counter() -> None:
    assert believed(replays(), 1000, 1000, 1001, 1001) == [1000, 1000, 1001, 1001]


def test_a_device_that_was_restarted_is_believed_again_when_its_counter_goes_on_for_a_while() -> None:
    of = replays()
    believed(of, 50_000)
    counters = list(range(3, 3 + RESTART_PACKETS + 2))
    assert believed(of, *counters) == counters[RESTART_PACKETS - 1 :]


def test_that_takes_as_many_packets_as_it_takes_time() -> None:
    many, few = replays(), replays()
    believed(many, 50_000)
    believed(few, 50_000)
    assert believed(many, *range(100), step_ms=RESTART_MS // 100) == []
    assert believed(few, *range(RESTART_PACKETS - 1), step_ms=RESTART_MS) == []


def test_one_packet_sent_again_and_again_shows_no_restart() -> None:
    of = replays()
    believed(of, 50_000)
    assert believed(of, *[7] * 100) == []


def test_who_sends_old_packets_beside_the_device_is_never_believed() -> None:
    of = replays()
    believed(of, 50_000)
    for place in range(100):
        assert not of.accept(100 + place, place * STEP_MS)
        assert of.accept(50_001 + place // 4, place * STEP_MS + 1), "a sensor that repeats its packet four times"


def test_after_a_restart_what_was_recorded_before_it_is_not_believed() -> None:
    of = replays()
    believed(of, 50_000, *range(RESTART_PACKETS))
    newest = RESTART_PACKETS - 1
    assert believed(of, newest + LEAP + 1, 49_999, 50_000) == []
    assert believed(of, newest + 1, newest + 1 + LEAP) == [newest + 1, newest + 1 + LEAP]


def test_a_device_that_was_never_restarted_is_believed_at_once_when_it_is_heard_again() -> None:
    of = replays()
    believed(of, 50_000, *range(RESTART_PACKETS))
    assert believed(of, 50_001, 50_002) == [50_001, 50_002]
    assert believed(of, RESTART_PACKETS) == []


def test_with_another_key_it_begins_anew() -> None:
    notebook = Notebook()
    believed(replays(notebook), 50_000)
    assert replays(notebook, OTHER_KEY).last is None
    assert believed(replays(notebook, OTHER_KEY), 7, 8, 7) == [7, 8]
    assert believed(replays(notebook, OTHER_KEY), 8 + LEAP + 1) == [8 + LEAP + 1]


def test_a_clock_that_is_set_back_does_not_make_it_wait_for_ever() -> None:
    of = replays()
    believed(of, 50_000)
    believed(of, 0, at_ms=10**12)
    counters = list(range(1, 1 + RESTART_PACKETS))
    assert believed(of, *counters) == counters[-1:]


steps = st.lists(st.tuples(st.integers(0, 2 * LEAP), st.integers(0, RESTART_MS)), max_size=60)


@given(steps)
def test_a_counter_that_goes_back_is_only_believed_at_the_end_of_a_run_of_its_own(
    sequence: list[tuple[int, int]],
) -> None:
    of, now_ms, last = replays(), 0, -1
    run: list[tuple[int, int]] = []
    for counter, after_ms in sequence:
        now_ms += after_ms
        if of.accept(counter, now_ms):
            if counter < last:
                rising = [(each, at) for each, at in run if each < counter] + [(counter, now_ms)]
                assert len({each for each, _ in rising}) >= RESTART_PACKETS
                assert now_ms - rising[0][1] >= RESTART_MS
            last, run = counter, []
        else:
            run.append((counter, now_ms))


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1 - 100))
def test_whatever_it_was_before_a_restart_ends_well(before: int, begins: int) -> None:
    of = replays()
    believed(of, before)
    assert believed(of, *range(begins, begins + 50))[-1] == begins + 49
