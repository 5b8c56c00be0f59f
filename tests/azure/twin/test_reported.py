"""What a gateway reports of itself, within what a twin takes."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.endpoints.azure_iot_hub.twin.desired import answers, read
from gateway.endpoints.azure_iot_hub.twin.patches import encoded
from gateway.endpoints.azure_iot_hub.twin.reported import MAX_BYTES, coarse, document
from gateway.endpoints.azure_iot_hub.twin.texts import fitted, key
from tests.support.examples import examples
from tests.support.iothub.twin import FORBIDDEN_IN_KEYS, patched

SINCE = "2026-11-23T09:01:02.345Z"

TEXT = st.none() | st.text(max_size=200) | st.integers()
ENTRIES = st.dictionaries(
    st.text(max_size=70),
    st.fixed_dictionaries({}, optional=dict.fromkeys(("state", "since", "reason", "link", "fault"), TEXT)),
    max_size=4,
)
FACTS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("gateway", "version", "config", "system_clock"), TEXT),
        "devices": ENTRIES | st.none(),
        "links": ENTRIES,
        "outbox": st.none() | st.fixed_dictionaries({"waiting": st.integers(0, 2**62), "fault": TEXT}),
    },
)


def devices(count: int, **told: Any) -> dict[str, Any]:
    entry = {"state": "degraded", "since": SINCE, "reason": "out-of-range", "link": "plc", **told}
    return {f"device-{number:03}": entry for number in range(count)}


def metered(value: Any) -> int:
    """As the hub counts: UTF-8 of names and texts, 8 bytes for a number, 4 for a boolean."""
    if isinstance(value, dict):
        return sum(len(name.encode()) + metered(below) for name, below in value.items())
    return len(value.encode()) if isinstance(value, str) else 4 if isinstance(value, bool) else 8


def test_a_gateway_reports_what_it_is_and_how_its_devices_are() -> None:
    facts = {
        "gateway": "mill-3",
        "version": "1.2.0",
        "config": "ab12",
        "system_clock": "synced",
        "devices": {
            "boiler": {"state": "online", "since": SINCE, "reason": None, "link": "plc"},
            "pump": {"state": "offline", "since": SINCE, "reason": "timeout", "link": "plc"},
        },
        "links": {"plc": {"state": "waiting", "fault": 'can\'t open "x"'}},
        "outbox": {"waiting": 1234, "fault": None},
    }
    assert document(facts, {"commands": {"value": True, "ac": 200, "av": 1}}) == {
        "gateway": {"id": "mill-3", "version": "1.2.0", "config": "ab12", "clock": "synced"},
        "counts": {"devices": {"online": 1, "offline": 1}, "links": {"waiting": 1}},
        "devices": {
            "boiler": {"state": "online", "since": SINCE, "link": "plc"},
            "pump": {"state": "offline", "since": SINCE, "reason": "timeout", "link": "plc"},
        },
        "links": {"plc": {"state": "waiting", "fault": "can't open 'x'"}},
        "outbox": {"waiting": 1000},
        "commands": {"value": True, "ac": 200, "av": 1},
    }


def test_what_there_is_nothing_of_is_not_there() -> None:
    assert document({}, {}) == {}
    assert document({"gateway": "gw", "devices": {}, "links": {}, "outbox": None}, {}) == {"gateway": {"id": "gw"}}


@pytest.mark.parametrize(
    ("count", "members", "shortened"),
    [
        (100, ["state", "since", "reason", "link"], None),
        (250, ["state", "since"], "there are 250: without reason, link"),
        (500, ["state"], "there are 500: without since, reason, link"),
        (5000, [], "there are 5000: only counts are told"),
    ],
)
def test_of_many_devices_less_is_told_and_that_is_said(count: int, members: list[str], shortened: str | None) -> None:
    told = document({"devices": devices(count)}, {})
    assert list(told.get("devices", {}).get("device-007", {})) == members
    assert told.get("shortened", {}).get("devices") == shortened
    assert told["counts"] == {"devices": {"degraded": count}}


@given(st.integers(150, 600))
@settings(max_examples=examples(30))
def test_how_much_is_told_does_not_depend_on_how_the_devices_are(count: int) -> None:
    well = document({"devices": devices(count, state="online", reason=None)}, {})
    ill = document({"devices": devices(count, state="degraded", reason="x" * 100)}, {})
    assert well.get("shortened") == ill.get("shortened")


def test_the_largest_site_with_the_most_wishes_stays_below_the_limit() -> None:
    wanted = {
        "report": {
            "interval": "1d",
            "devices": {f"device-{number:03}": "10s" for number in range(900)},
            "x": "y" * 4000,
        },
        "log": {"level": "z" * 4000},
        "commands": 1,
        "w" * 1000: 1,
    }
    answered = answers(read(wanted), {}, 2**52)
    links = {f"link-{number}": {"state": "starting", "fault": "é" * 500} for number in range(18)}
    for count in range(0, 800, 40):
        told = document(
            {"devices": devices(count), "links": links, "outbox": {"waiting": 1, "fault": "f" * 500}}, answered
        )
        assert len(encoded(told)) <= MAX_BYTES
        assert metered(told) <= MAX_BYTES
        assert patched({}, told) == told


@given(FACTS)
def test_whatever_the_facts_the_document_is_within_the_limits(facts: dict[str, Any]) -> None:
    told = document(facts, {})
    assert patched({}, told) == told


@given(st.text(max_size=100), st.text(max_size=100))
def test_two_names_have_two_keys_that_a_twin_takes(one: str, other: str) -> None:
    assert not FORBIDDEN_IN_KEYS.search(key(one))
    if "\ufffd" not in f"{key(one)}{key(other)}":
        assert (key(one) == key(other)) == (one == other) or max(map(len, (key(one), key(other)))) > 200


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("boiler_2-a", "boiler_2-a"),
        ("a.b c$d", "a%2Eb%20c%24d"),
        ("100%", "100%25"),
        ("wärme", "wärme"),
        ("\x00", "%00"),
    ],
)
def test_what_no_key_may_hold_is_written_as_its_code(name: str, expected: str) -> None:
    assert key(name) == expected


@given(st.text(max_size=60), st.integers(3, 40))
def test_a_text_is_as_long_as_json_as_it_is_allowed_to_be(text: str, max_bytes: int) -> None:
    assert len(encoded({"": fitted(text, max_bytes)})) <= max_bytes + len('{"":""}')


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, 0), (99, 0), (100, 100), (199, 100), (999, 900), (1000, 1000), (76543, 70000), (2**60, 10**12)],
)
def test_what_waits_is_told_in_one_digit(count: int, expected: int) -> None:
    assert coarse(count) == expected
