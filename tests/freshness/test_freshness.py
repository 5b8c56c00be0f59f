"""What the core says of devices when nobody else does."""

import pytest

from gateway.freshness import STALE_MIN_S, DeviceStates, Freshness, all_bad
from gateway.model import BadReason, DeviceInfo, DeviceState, DeviceStatus, PointGroup

FAST = PointGroup("boiler", 1.0, ("temp", "pump"), ("float", "bool"))
SLOW = PointGroup("boiler", 60.0, ("serial_no",), ("text",))
BOILER = DeviceInfo("boiler", "plc", "unit 1", 1.0, {}, (FAST, SLOW))
METER = DeviceInfo("meter", "bus", "unit 7", 1.0, {}, ())


def test_a_group_is_stale_after_three_of_its_periods_but_not_before_ten_seconds() -> None:
    freshness = Freshness([BOILER], 1000.0)
    assert freshness.turned_stale(1000.0 + STALE_MIN_S - 0.01) == []
    assert freshness.turned_stale(1000.0 + STALE_MIN_S) == [FAST]
    assert freshness.turned_stale(1179.99) == []
    assert freshness.turned_stale(1180.0) == [SLOW]


def test_it_is_said_once() -> None:
    freshness = Freshness([BOILER], 0.0)
    assert freshness.turned_stale(50.0) == [FAST]
    assert freshness.turned_stale(51.0) == []


def test_a_sample_keeps_a_group_fresh_whatever_it_says() -> None:
    freshness = Freshness([BOILER], 0.0)
    freshness.heard(FAST, 9.0)
    assert freshness.turned_stale(18.9) == []
    assert freshness.turned_stale(19.0) == [FAST]


def test_a_group_that_is_heard_of_again_can_turn_stale_again() -> None:
    freshness = Freshness([BOILER], 0.0)
    freshness.turned_stale(20.0)
    freshness.heard(FAST, 30.0)
    assert freshness.turned_stale(39.0) == []
    assert freshness.turned_stale(40.0) == [FAST]


def test_the_next_look_is_when_the_first_group_can_turn_stale() -> None:
    freshness = Freshness([BOILER], 0.0)
    assert freshness.next_check_s(4.0) == pytest.approx(6.0)
    freshness.heard(FAST, 175.0)
    assert freshness.next_check_s(176.0) == pytest.approx(4.0)


def test_a_group_that_is_stale_is_looked_at_again_as_soon_as_it_can_be_so_anew() -> None:
    freshness = Freshness([BOILER], 0.0)
    freshness.turned_stale(10.0)
    assert freshness.next_check_s(10.0) == pytest.approx(10.0)
    freshness.heard(FAST, 10.1)
    assert freshness.next_check_s(20.0) == pytest.approx(0.1)
    assert freshness.turned_stale(20.1) == [FAST]


def test_a_late_look_is_followed_by_a_pause() -> None:
    assert Freshness([BOILER], 0.0).next_check_s(100.0) == pytest.approx(0.1)


def test_a_group_that_nobody_configured_is_nobodys_to_miss() -> None:
    freshness = Freshness([BOILER], 0.0)
    freshness.heard(PointGroup("boiler", 1.0, ("stranger",), ("int",)), 0.0)
    assert freshness.turned_stale(20.0) == [FAST]


UNASKED = PointGroup("scale", 0.0, ("weight",), ("float",), stale_after_s=2.5)
NEVER = PointGroup("scanner", 0.0, ("code",), ("text",), stale_after_s=0.0)
PLAIN = PointGroup("gps", 0.0, ("lat",), ("float",))
SENDING = DeviceInfo("scale", "tty", "", 0.0, {}, (UNASKED, NEVER, PLAIN))


def test_a_group_that_says_so_is_stale_after_its_own_time() -> None:
    freshness = Freshness([SENDING], 0.0)
    assert freshness.next_check_s(0.0) == pytest.approx(2.5)
    assert freshness.turned_stale(2.4) == []
    assert freshness.turned_stale(2.5) == [UNASKED]
    freshness.heard(UNASKED, 4.0)
    assert freshness.turned_stale(6.4) == []
    assert freshness.turned_stale(6.5) == [UNASKED]


def test_what_is_sent_unasked_and_says_nothing_of_it_is_stale_like_what_is_polled_often() -> None:
    assert Freshness([SENDING], 0.0).turned_stale(STALE_MIN_S) == [UNASKED, PLAIN]


def test_a_group_that_is_never_stale_is_never_missed() -> None:
    scanner = DeviceInfo("scanner", "tty", "", 0.0, {}, (NEVER,))
    freshness = Freshness([scanner], 0.0)
    assert freshness.turned_stale(1e9) == []
    freshness.heard(NEVER, 5.0)
    assert freshness.turned_stale(1e9) == []
    assert freshness.next_check_s(0.0) == STALE_MIN_S


def test_other_words_for_the_same_state_are_no_news_but_kept() -> None:
    states = DeviceStates({"boiler": BOILER}, 0)
    assert states.changed(DeviceStatus("boiler", DeviceState.OFFLINE, 1, "silent", "nothing comes"))
    assert not states.changed(DeviceStatus("boiler", DeviceState.OFFLINE, 2, "silent", "bytes come, no frame"))
    assert states.current["boiler"] == DeviceStatus("boiler", DeviceState.OFFLINE, 1, "silent", "bytes come, no frame")
    assert states.changed(DeviceStatus("boiler", DeviceState.ONLINE, 3))
    assert states.current["boiler"].detail is None


def test_why_it_is_so_is_news_when_it_is_found_out_later_and_once_for_each_state() -> None:
    states = DeviceStates({"boiler": BOILER}, 0)
    told = [
        states.changed(DeviceStatus("boiler", DeviceState.OFFLINE, 1, "silent", detail))
        for detail in (None, None, "bytes come, no frame", None, "bytes come, no frame", "checksums are wrong")
    ]
    assert told == [True, False, True, False, False, False]
    assert states.current["boiler"] == DeviceStatus("boiler", DeviceState.OFFLINE, 1, "silent", "checksums are wrong")

    states.changed(DeviceStatus("boiler", DeviceState.ONLINE, 2))
    assert states.changed(DeviceStatus("boiler", DeviceState.OFFLINE, 3, "silent"))
    assert states.changed(DeviceStatus("boiler", DeviceState.OFFLINE, 4, "silent", "bytes come, no frame"))
    assert states.current["boiler"].since_ms == 3


def test_a_device_is_unknown_until_somebody_speaks_of_it() -> None:
    states = DeviceStates({"boiler": BOILER}, 5)
    assert states.current == {"boiler": DeviceStatus("boiler", DeviceState.UNKNOWN, 5)}
    assert states.in_trouble() == {}


def test_a_state_that_says_nothing_new_is_no_change() -> None:
    states = DeviceStates({"boiler": BOILER}, 0)
    assert states.changed(DeviceStatus("boiler", DeviceState.OFFLINE, 1, "timeout"))
    assert not states.changed(DeviceStatus("boiler", DeviceState.OFFLINE, 2, "timeout"))
    assert states.current["boiler"].since_ms == 1
    assert states.changed(DeviceStatus("boiler", DeviceState.OFFLINE, 3, "no-link"))
    assert states.in_trouble() == {"boiler": "no-link"}
    assert states.changed(DeviceStatus("boiler", DeviceState.ONLINE, 4))
    assert states.in_trouble() == {}


def test_devices_are_found_by_their_link() -> None:
    states = DeviceStates({"boiler": BOILER, "meter": METER}, 0)
    assert states.on_link("plc") == [BOILER]


def test_a_sample_in_which_nothing_is_good_names_every_point() -> None:
    sample = all_bad(FAST, BadReason.STALE, 7)
    assert sample.values == (None, None)
    assert {name: bad.reason for name, bad in sample.bad.items()} == {"temp": "stale", "pump": "stale"}
    assert sample.time_ms == 7
