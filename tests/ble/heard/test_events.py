"""What happened once is told once."""

from typing import Any

import pytest

from gateway.model import Sample
from tests.ble.heard.setup import Ear, ear

BUTTON: dict[str, Any] = {"points": {"button": None, "temperature": None}}
PRESSED: dict[str, Any] = {"button": 1}


def told(tag: Ear, **said: Any) -> object:
    return tag.hear(**said).get("button")


def test_an_event_is_told_once_for_each_packet() -> None:
    tag = ear(**BUTTON)
    first = told(tag, **PRESSED, packet=7)
    assert isinstance(first, str)
    assert told(tag, **PRESSED, packet=7) is None
    tag.now_s += 20.0
    assert told(tag, **PRESSED, packet=7) is None
    assert told(tag, **PRESSED, packet=8) == first


def test_an_event_is_a_sample_of_its_own_group_and_never_stale() -> None:
    tag = ear(**BUTTON, stale_after="30s")
    tag.hear(**PRESSED, temperature=21.5, packet=7)
    groups = [item.group.points for item in tag.items if isinstance(item, Sample)]
    assert groups == [("temperature",), ("button",)]
    assert set(tag.pass_(60.0)) == {"temperature"}


def test_without_a_number_a_packet_is_new_when_something_else_was_said_between() -> None:
    tag = ear(**BUTTON)
    assert told(tag, **PRESSED)
    assert told(tag, **PRESSED) is None
    tag.hear(temperature=21.5)
    assert told(tag, **PRESSED)


@pytest.mark.parametrize(("silence_s", "is_new"), [(29.9, False), (30.0, True)])
def test_without_a_number_a_packet_is_new_after_a_silence(silence_s: float, is_new: bool) -> None:
    tag = ear(**BUTTON, every="1h")
    assert told(tag, **PRESSED)
    tag.now_s += silence_s
    assert (told(tag, **PRESSED) is not None) == is_new


def test_what_happened_before_a_restart_does_not_happen_again() -> None:
    tag = ear(**BUTTON)
    tag.hear(**PRESSED, packet=7)
    tag.kept.rest()
    again = ear(tag.memory, **BUTTON)
    assert told(again, **PRESSED, packet=7) is None
    assert told(again, **PRESSED, packet=8) is not None
