from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.decoders.lost import LATE, MAX_MISSED, Losses, Packet


def lost(*counters: int, wraps: int = 256) -> int:
    losses = Losses()
    for counter in counters:
        losses.hear(counter, wraps)
    return losses.lost


def test_the_first_packet_misses_none() -> None:
    assert lost(200) == 0


def test_packets_one_after_another_miss_none() -> None:
    assert lost(7, 8, 9) == 0


def test_what_is_between_two_was_missed() -> None:
    assert lost(7, 10, 12) == 3


def test_a_counter_that_begins_anew_at_its_end_misses_none() -> None:
    assert lost(254, 255, 0, 1) == 0
    assert lost(65533, 65534, 0, wraps=65535) == 0


def test_what_is_missed_over_the_end_counts() -> None:
    assert lost(254, 1) == 2


def test_a_repeated_packet_is_no_loss() -> None:
    losses = Losses()
    assert [losses.hear(counter, 256) for counter in (7, 7, 8, 8)] == [
        Packet.NEW,
        Packet.REPEATED,
        Packet.NEW,
        Packet.REPEATED,
    ]
    assert losses.lost == 0


def test_a_packet_that_was_overtaken_is_not_lost_after_all() -> None:
    losses = Losses()
    assert [losses.hear(counter, 256) for counter in (7, 9, 8, 10)] == [
        Packet.NEW,
        Packet.NEW,
        Packet.LATE,
        Packet.NEW,
    ]
    assert losses.lost == 0


@pytest.mark.parametrize("wraps", [256, 2**32])
def test_a_counter_that_begins_anew_from_a_little_above_is_late_once_only(wraps: int) -> None:
    losses = Losses()
    heard = [losses.hear(counter, wraps) for counter in (0, 1, 2, 3, 1, 2, 3, 4)]
    assert heard.count(Packet.LATE) == 1
    assert heard[-3:] == [Packet.NEW] * 3


def test_a_counter_that_goes_far_back_began_anew() -> None:
    assert lost(5_000, 0, 1, 2, wraps=2**32) == 0


@pytest.mark.parametrize(("ahead", "expected"), [(MAX_MISSED, MAX_MISSED - 1), (MAX_MISSED + 1, 0)])
def test_a_leap_of_more_than_a_day_is_a_new_beginning(ahead: int, expected: int) -> None:
    assert lost(0, ahead, wraps=2**32) == expected


@pytest.mark.parametrize(("back", "expected"), [(LATE, Packet.LATE), (LATE + 1, Packet.NEW)])
def test_only_a_few_packets_may_be_overtaken(back: int, expected: Packet) -> None:
    losses = Losses()
    losses.hear(100, 2**16)
    assert losses.hear(100 - back, 2**16) is expected


def test_another_counter_begins_anew() -> None:
    losses = Losses()
    losses.hear(5, 256)
    losses.hear(900, 2**24)
    assert losses.lost == 0


@given(st.sets(st.integers(1, 500), max_size=100), st.sampled_from([256, 2**16, 2**24, 2**32]))
def test_with_gaps_shorter_than_half_a_turn_every_loss_is_counted(missed: set[int], wraps: int) -> None:
    losses = Losses()
    for number in range(502):
        if number not in missed:
            losses.hear((wraps - 100 + number) % wraps, wraps)
    longest = max((run for run in _runs(missed)), default=0)
    if longest < wraps // 2:
        assert losses.lost == len(missed)


def _runs(numbers: set[int]) -> list[int]:
    runs, length = [], 0
    for number in range(502):
        length = length + 1 if number in numbers else 0
        runs.append(length)
    return runs


@given(st.lists(st.integers(0, 2**32 - 1)), st.sampled_from([256, 65535, 2**24, 2**32]))
def test_losses_are_never_negative(counters: list[int], wraps: int) -> None:
    assert lost(*(counter % wraps for counter in counters), wraps=wraps) >= 0
