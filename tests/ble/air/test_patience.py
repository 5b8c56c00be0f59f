from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.air.patience import ENOUGH, MOST_S, SURE_S, Patience

SILENCE_S = 90.0


def heard(*times_s: float, each: int = 1) -> Patience:
    patience = Patience(SILENCE_S)
    for time_s in times_s:
        patience.heard(each, time_s)
    return patience


def test_a_radio_that_never_heard_anything_is_not_silent() -> None:
    assert heard().silent_s(1e6) == 0.0


def test_silence_is_counted_from_the_last_advertisement() -> None:
    assert heard(1.0, 4.0).silent_s(10.0) == 6.0


def test_before_much_was_heard_the_configured_silence_is_waited_for() -> None:
    assert heard(1.0, 2.0, 3.0).limit_s == SILENCE_S


def test_where_something_is_heard_all_the_time_a_shorter_pause_is_no_chance() -> None:
    assert heard(*map(float, range(ENOUGH))).limit_s == SURE_S


def test_where_long_pauses_are_usual_the_configured_silence_is_waited_for() -> None:
    assert heard(0.0, 30.0, 60.0, each=ENOUGH).limit_s == SILENCE_S


def test_a_short_configured_silence_holds_even_where_much_is_heard() -> None:
    patience = Patience(2.0)
    for time_s in range(ENOUGH):
        patience.heard(1, float(time_s))
    assert patience.limit_s == 2.0


def test_a_gap_that_a_new_scan_ends_at_once_was_no_pause() -> None:
    patience = heard(*map(float, range(ENOUGH)))
    patience.begun(500.0)
    patience.heard(1, 500.5)
    assert patience.limit_s == SURE_S


def test_a_gap_that_goes_on_after_a_new_scan_was_one() -> None:
    patience = heard(*map(float, range(ENOUGH)))
    patience.begun(500.0)
    patience.heard(1, 540.0)
    assert patience.limit_s == SILENCE_S


def test_a_scan_that_was_begun_anew_has_half_the_time() -> None:
    patience = heard(*map(float, range(ENOUGH)))
    patience.begun(200.0)
    assert not patience.is_over(200.0 + SURE_S / 2, 1)
    assert patience.is_over(200.1 + SURE_S / 2, 1)


def test_regular_traffic_that_ends_has_led_to_all_remedies_within_a_minute() -> None:
    patience, now_s = heard(*map(float, range(ENOUGH))), float(ENOUGH)
    ended_s = now_s
    for remedies in range(3):
        while not patience.is_over(now_s, remedies):
            now_s += 1.0
        patience.begun(now_s)
    assert now_s - ended_s < 60.0


def test_remedies_that_do_not_help_grow_rare() -> None:
    patience = heard(*map(float, range(ENOUGH)))
    patience.begun(1000.0)
    assert not patience.is_over(1000.0 + MOST_S, 20)
    assert patience.is_over(1001.0 + MOST_S, 20)


def test_where_only_changes_are_heard_silence_means_nothing_at_first() -> None:
    patience = Patience(SILENCE_S, hears_all=False)
    patience.heard(ENOUGH - 1, 1.0)
    assert not patience.is_over(1e6)


def test_where_changes_are_heard_all_the_time_a_long_silence_is_no_chance() -> None:
    patience = Patience(SILENCE_S, hears_all=False)
    for time_s in range(ENOUGH):
        patience.heard(1, 6.0 * time_s)
    assert patience.limit_s == 120.0


@given(st.lists(st.floats(0, 1e6), max_size=50), st.integers(1, 1000), st.floats(0.1, 1e5))
def test_nobody_waits_longer_than_the_configured_silence(times_s: list[float], each: int, silence_s: float) -> None:
    patience = Patience(silence_s)
    for time_s in sorted(times_s):
        patience.heard(each, time_s)
    assert 0 < patience.limit_s <= silence_s
