"""A device that speaks only when something happens may be silent, unless the configuration says otherwise."""

from typing import Any

import pytest

from tests.ble.heard.setup import Ear, ear

DOOR: dict[str, Any] = {"points": {"door": None, "battery": None, "present": None}}
OPENED, CLOSED = b"\x44\x1a\x01", b"\x44\x1a\x00"
"""BTHome, with the bit that says that it is triggered."""
AT_INTERVALS = b"\x40\x1a\x00"


def restarted(tag: Ear, **settings: Any) -> Ear:
    tag.kept.rest()
    return ear(tag.memory, **settings)


def test_a_door_that_nobody_opens_is_neither_stale_nor_away() -> None:
    tag = ear(**DOOR)
    assert tag.hear(CLOSED) == {"door": False, "present": True}
    assert tag.pass_(36_000.0) == {}
    assert tag.states == [("online", None)]
    assert tag.hear(OPENED)["door"] is True


def test_that_is_known_after_a_restart_of_the_gateway() -> None:
    tag = ear(**DOOR)
    tag.hear(CLOSED)
    again = restarted(tag, **DOOR)
    assert again.pass_(36_000.0) == {}
    assert again.states == [("unknown", None)]
    assert again.hear(OPENED)["door"] is True
    assert again.states[-1] == ("online", None)


def test_what_the_configuration_says_goes_first() -> None:
    tag = ear(**DOOR, stale_after="1h")
    tag.hear(CLOSED)
    assert tag.pass_(3599.0) == {}
    assert set(tag.pass_(1.0)) == {"door", "battery", "present"}
    assert tag.states[-1] == ("offline", "silent")


def test_a_device_that_speaks_at_intervals_from_now_on_may_be_silent_no_more() -> None:
    tag = ear(**DOOR)
    tag.hear(CLOSED)
    tag.hear(AT_INTERVALS)
    assert set(tag.pass_(300.0)) == {"door", "battery", "present"}


@pytest.mark.parametrize("settings", [{"stale_after": "never"}, {"stale_after": "1h"}, {}])
def test_what_was_said_of_it_while_the_radio_was_lost_is_over_where_it_may_be_silent(settings: dict[str, Any]) -> None:
    tag = ear(points={"temperature": None}, **settings)
    tag.pass_(2.0)
    assert tag.states == ([("unknown", None)] if settings.get("stale_after") == "never" else [])
    tag.hear(temperature=21.5)
    assert tag.states[-1] == ("online", None)
