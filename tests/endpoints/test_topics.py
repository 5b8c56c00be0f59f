"""Where each kind goes, and whose command a topic carries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.mqtt import topics as module
from gateway.endpoints.mqtt.topics import Topics

names = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)


@given(names, names)
def test_a_command_to_a_device_is_found_again(gateway: str, device: str) -> None:
    topics = Topics("fieldgate", gateway)
    assert topics.device_of(topics.of("command", device)) == device
    assert topics.device_of(topics.of("command", "")) == ""


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "fieldgate/gw",
        "fieldgate/gw/boiler",
        "fieldgate/gw/boiler/status",
        "fieldgate/gw/a/b/command",
        "fieldgate/gw//command",
        "fieldgate/other/boiler/command",
        "x/fieldgate/gw/boiler/command",
    ],
)
def test_other_topics_carry_no_command(topic: str) -> None:
    assert Topics("fieldgate", "gw").device_of(topic) is None


@given(st.text())
def test_any_topic_is_a_devices_or_nobodys(topic: str) -> None:
    device = Topics("fieldgate", "gw").device_of(topic)
    assert device is None or topic in {f"fieldgate/gw/{device}/command", "fieldgate/gw/command"}


@pytest.mark.parametrize(
    ("prefix", "topic", "may"),
    [
        (None, "fieldgate/me", True),
        (None, "fieldgate", False),
        (None, "fieldgated/me", False),
        (None, "fieldgate/+/me", False),
        (None, "fieldgate/#", False),
        (None, "fieldgate/a\0b", False),
        (None, "apps/me", False),
        ("apps", "apps/me", True),
        ("apps/", "apps/me", True),
        ("apps", "apps", False),
        ("apps", "appsolute/me", False),
        ("apps/", "appsolute/me", False),
        ("/apps", "/apps/me", True),
        ("apps", "fieldgate/me", True),
        (None, "fieldgate/gw/boiler/command", False),
        (None, "fieldgate/other/command", False),
    ],
)
def test_replies_go_below_the_root_and_below_the_prefix_only(prefix: str | None, topic: str, may: bool) -> None:
    assert Topics("fieldgate", "gw", prefix).may_reply_to(topic) is may


def test_a_gap_has_one_topic_whatever_device_it_is_about() -> None:
    assert Topics("site/7", "gw").of("gap", "boiler") == "site/7/gw/gap"
    assert Topics("site/7", "gw").of("reading", "boiler") == "site/7/gw/boiler/reading"


def test_topics_of_devices_that_do_not_exist_take_bounded_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KNOWN_LIMIT", 10)
    topics = Topics("fieldgate", "gw")
    assert [topics.of("result", str(number)) for number in range(25)] == [
        f"fieldgate/gw/{number}/result" for number in range(25)
    ]
    assert len(topics._known) <= 10
