"""Topics as installers may write them: each that is allowed works, whatever the others are."""

import string
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.endpoints.mqtt.templates import COMMANDS, DEFAULTS, RETAINED, collision, fault_of
from gateway.endpoints.mqtt.topics import Topics

DEVICES = ("boiler", "birth", "gw", "a", "ab", "1gateway1")
piece = st.sampled_from(
    ["{root}", "{gateway}", "{device}", "{kind}", "{endpoint}", "a", "ab", "dev-{device}", "x{device}y"]
)
template = st.lists(piece, min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(st.sampled_from(sorted(DEFAULTS)), template, max_size=6))
def test_what_is_allowed_keeps_states_apart_and_finds_every_command(chosen: Mapping[str, str]) -> None:
    good = {name: text for name, text in chosen.items() if fault_of(name, text) is None}
    whole = {**DEFAULTS, **good}
    if collision("fieldgate", whole) is not None:
        return
    topics = Topics("fieldgate", "gw-1", endpoint="cloud-1", templates=whole)
    places = [(kind, device) for kind in ("status", "birth") for device in ("", *DEVICES)]
    assert len({topics.of(*place) for place in places}) == len(places)
    for device in ("", *DEVICES):
        assert topics.device_of(topics.of("command", device)) == device
        assert not topics.may_reply_to(topics.of("command", device))
    for kind in ("status", "birth", "result", "gap"):
        assert all(topics.device_of(topics.of(kind, device)) is None for device in ("", *DEVICES))
    assert all(topics.device_of(topics.of("reading", device)) is None for device in DEVICES)
    assert topics.device_of(topics.batch) is None


def test_the_default_topics_are_allowed() -> None:
    assert all(fault_of(name, text) is None for name, text in DEFAULTS.items())
    assert collision("fieldgate", DEFAULTS) is None
    assert {*RETAINED, *COMMANDS} <= set(DEFAULTS)


@given(st.sampled_from(sorted(DEFAULTS)), st.text(string.printable, max_size=20))
def test_any_text_is_allowed_or_told_why_not(name: str, text: str) -> None:
    fault = fault_of(name, text)
    assert fault is None or len(fault) > 10
    if fault is None:
        assert not set("+#\0{}") & set(
            Topics("r", "g", templates={name: text})._templates[name].replace("{device}", "")
        )


@pytest.mark.parametrize(
    "chosen",
    [
        {"status": "s/{device}", "birth": "s/{device}"},
        {"status": "{root}/{device}", "gateway_status": "{root}/{gateway}"},
        {"status": "s/a{device}", "birth": "s/{device}b"},
        {"gateway_birth": "{root}/{gateway}/status"},
        {"command": "in/{device}", "gateway_command": "in/gateway"},
        {"command": "in/{device}", "result": "in/dev.{device}"},
        {"reading": "{root}/{gateway}/{device}/command"},
        {"gateway_command": "{root}/{gateway}/batch"},
    ],
    ids=str,
)
def test_topics_that_could_meet_are_refused(chosen: Mapping[str, str]) -> None:
    assert collision("fieldgate", {**DEFAULTS, **chosen}) is not None


def test_kinds_that_are_not_kept_may_share_a_topic() -> None:
    assert collision("r", {**DEFAULTS, "reading": "all/{gateway}", "result": "all/{gateway}/{device}"}) is None
    assert collision("r", {**DEFAULTS, "gap": "{root}/{gateway}/said", "batch": "{root}/{gateway}/said"}) is None
