"""A device may tell much, but not everything is logged."""

from gateway.notices import HOUR_S, PER_HOUR, Notices


def test_so_many_are_logged_in_an_hour_and_no_more() -> None:
    notices = Notices()
    assert [notices.admit("d", 0) for _ in range(PER_HOUR + 2)] == [0] * PER_HOUR + [None, None]


def test_the_next_hour_begins_with_how_many_were_left_out() -> None:
    notices = Notices()
    for _ in range(PER_HOUR + 2):
        notices.admit("d", 0)
    assert notices.admit("d", HOUR_S - 1) is None
    assert notices.admit("d", HOUR_S) == 3
    assert notices.admit("d", HOUR_S) == 0


def test_each_device_has_its_own() -> None:
    notices = Notices()
    for _ in range(PER_HOUR + 1):
        notices.admit("d", 0)
    assert notices.admit("e", 0) == 0
