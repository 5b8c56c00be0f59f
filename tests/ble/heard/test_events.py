"""What happened once is told once."""

from typing import Any

import pytest
from msgspec.structs import replace

from adapters.ble.advert import Advert
from gateway.model import Sample
from tests.ble.heard.setup import ADDRESS, BTHOME, Ear, bthome, ear

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


def test_without_a_number_a_packet_is_not_new_because_its_name_or_services_come_a_little_later() -> None:
    tag = ear(**BUTTON)
    first = Advert(ADDRESS, tag.now_ms, -60, services={BTHOME: bthome(**PRESSED)})
    assert tag.take(first)["button"]
    assert "button" not in tag.take(replace(first, name="Button"))
    assert "button" not in tag.take(replace(first, name="Button", uuids=(BTHOME,)))


def test_who_tells_no_events_needs_no_number_kept() -> None:
    tag = ear(points={"temperature": None})
    tag.hear(temperature=21.5, packet=7)
    tag.kept.rest()
    assert tag.memory == {}


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
