"""Merge patches: null deletes, and the smallest one is sent."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.endpoints.azure_iot_hub.twin.patches import decoded, difference, encoded, merged, own
from gateway.endpoints.azure_iot_hub.twin.topics import answered, version
from tests.support.examples import examples

SCALARS = st.booleans() | st.integers(-5, 5) | st.text(max_size=3)
NAMES = st.sampled_from("abcd")
PROPERTIES: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    NAMES, st.recursive(SCALARS, lambda below: st.dictionaries(NAMES, below, max_size=3), max_leaves=8), max_size=4
)


@settings(max_examples=examples(60))
@given(PROPERTIES, PROPERTIES)
def test_the_difference_put_on_makes_what_is_wanted(has: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert json.dumps(merged(has, difference(has, wanted)), sort_keys=True) == json.dumps(wanted, sort_keys=True)


@given(PROPERTIES)
def test_nothing_is_sent_of_what_is_the_same(has: dict[str, Any]) -> None:
    assert difference(has, has) == {}


def test_only_what_has_changed_is_sent_and_what_is_gone_is_null() -> None:
    has = {"devices": {"a": {"state": "online", "link": "l"}, "b": {"state": "online"}}, "old": 1}
    wanted = {"devices": {"a": {"state": "offline", "link": "l"}}}
    assert difference(has, wanted) == {"devices": {"a": {"state": "offline"}, "b": None}, "old": None}


def test_true_is_not_1() -> None:
    assert difference({"a": 1}, {"a": True}) == {"a": True}


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"7", b"null", b"{", b'{"a":NaN}', b'{"a":"\xff"}', b'{"a":' * 100_000]
)
def test_what_is_no_object_is_none(payload: bytes) -> None:
    assert decoded(payload) is None


@given(PROPERTIES)
def test_what_is_encoded_is_decoded_again(properties: dict[str, Any]) -> None:
    assert decoded(encoded(properties)) == properties


def test_what_is_the_hubs_is_not_ours() -> None:
    assert own({"$version": 3, "$metadata": {}, "a": 1}) == {"a": 1}


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("$iothub/twin/res/204/?$rid=1f&$version=12", (204, "1f")),
        ("$iothub/twin/res/200/?$rid=a", (200, "a")),
        ("$iothub/twin/res/429/?$rid=a&retry-after=5", (429, "a")),
        ("$iothub/twin/res/x/?$rid=a", (0, "a")),
        ("$iothub/twin/res/200/", (200, "")),
        ("$iothub/twin/res/", (0, "")),
    ],
)
def test_an_answer_is_read_from_its_topic(topic: str, expected: tuple[int, str]) -> None:
    assert answered(topic) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?$version=7", 7),
        ("?%24version=7", 7),
        ("?$version=", None),
        ("?$version=-1", None),
        ("", None),
        ("?$version=" + "9" * 18, 10**18 - 1),
        ("?$version=" + "9" * 19, None),
    ],
)
def test_a_version_is_read_from_its_topic(query: str, expected: int | None) -> None:
    assert version(f"$iothub/twin/PATCH/properties/desired/{query}") == expected
