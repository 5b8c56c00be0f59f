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
    topics = Topics("fieldgate", "gw-1", endpoint="cloud-1", templates=whole)
    if collision("fieldgate", whole) is not None or topics.clash(DEVICES) is not None:
        return
    places = [(kind, device) for kind in ("status", "birth") for device in ("", *DEVICES)]
    assert len({topics.of(*place) for place in places}) == len(places)
    for device in ("", *DEVICES):
        assert topics.device_of(topics.of("command", device)) == device
        assert not topics.may_reply_to(topics.of("command", device))
    for kind in ("status", "birth", "gap"):
        assert all(topics.device_of(topics.of(kind, device)) is None for device in ("", *DEVICES))
    assert all(topics.device_of(topics.of("result", device)) is None for device in ("", *DEVICES, "to", "x", "result"))
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
        {"status": "s/a{device}", "birth": "s/{device}b"},
        {"gateway_birth": "{root}/{gateway}/status"},
        {"command": "in/{gateway}/{device}", "gap": "in/{gateway}/gap"},
        {"command": "in/{device}", "result": "in/dev.{device}"},
        {"reading": "{root}/{gateway}/{device}/command"},
        {"gateway_command": "{root}/{gateway}/batch"},
        {"gateway_result": "{root}/{gateway}/command"},
    ],
    ids=str,
)
def test_topics_that_could_meet_are_refused(chosen: Mapping[str, str]) -> None:
    assert collision("fieldgate", {**DEFAULTS, **chosen}) is not None


def test_kinds_that_are_not_kept_may_share_a_topic() -> None:
    assert collision("r", {**DEFAULTS, "reading": "all/{gateway}", "result": "all/{gateway}/{device}"}) is None
    assert collision("r", {**DEFAULTS, "gap": "{root}/{gateway}/said", "batch": "{root}/{gateway}/said"}) is None


@pytest.mark.parametrize(
    ("chosen", "device"),
    [
        ({"status": "{root}/{device}", "gateway_status": "{root}/{gateway}"}, "gw"),
        ({"command": "{root}/{gateway}/to/{device}", "gateway_command": "{root}/{gateway}/to"}, "to"),
        ({"command": "in/{device}", "gateway_command": "in/{gateway}"}, "gw"),
        ({"command": "in/{device}/to", "reading": "in/a/{device}"}, "to"),
    ],
    ids=str,
)
def test_what_only_an_odd_name_makes_meet_is_refused_for_that_name(chosen: Mapping[str, str], device: str) -> None:
    assert collision("fieldgate", {**DEFAULTS, **chosen}) is None
    topics = Topics("fieldgate", "gw", templates=chosen)
    assert topics.clash(["boiler"]) is None
    assert device in str(topics.clash(["boiler", device]))


def test_a_result_to_nobody_is_never_taken_for_a_command() -> None:
    topics = Topics("r", "gw", templates={"command": "r/{device}/x", "result": "r/x/{device}"})
    assert topics.of("result", "boiler") == "r/x/boiler"
    assert topics.of("result", "x") == topics.of("result", "") == "r/gw/result"
