"""What a Bluetooth device offers, as a person meets it."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.cli.api import BOILER, Api, Said, result

Verb = Callable[..., Said]
PEEK = "POST /v1/devices/lock/peek"
OFFERS: dict[str, Any] = {
    "services": [
        {
            "uuid": "180f",
            "name": "battery service",
            "characteristics": [
                {
                    "uuid": "2a19", "name": "battery level", "properties": ["read", "notify"], "hex": "57",
                    "values": {"battery_level": {"value": 87, "unit": "%"}},
                    "descriptors": [{"uuid": "2902", "name": "configuration"}],
                },
            ],
        },
        {
            "uuid": "fff0",
            "name": "",
            "characteristics": [
                {
                    "uuid": "fff1", "description": "Bolt", "properties": ["read"], "hex": "01ff",
                    "descriptors": [{"uuid": "2901", "name": "words", "hex": "42", "text": "Bolt"}],
                },
                {"uuid": "fff2", "properties": ["write"]},
                {"uuid": "fff3", "properties": ["read"], "trouble": "it wants to be paired with first"},
                {"uuid": "fff4", "properties": ["read"], "hex": "61", "text": "a"},
            ],
        },
    ],
    "points": {
        "battery_level": {"characteristic": "battery_level", "notify": True},
        "bolt": {"characteristic": "2902", "type": "bytes"},
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def lock(api: Api) -> None:
    api.tell("GET /v1/devices/lock", {"device": "lock", **BOILER, "link": "radio"})


def test_services_are_listed_in_plain_words_with_the_points_to_paste(api: Api, verb: Verb) -> None:
    api.tell(PEEK, result(found=[OFFERS]))

    said = verb("read", "lock", "--gatt")

    assert (said.code, said.err) == (0, "")
    table, pasted = said.out.split("\n\n# into devices: lock: points: keep what is yours\n")
    assert table.splitlines() == [
        "180f\t\tbattery service\t\t",
        "180f\t2a19\tbattery level\tread, notify\t87 %",
        "fff0\t\t\t\t",
        'fff0\tfff1\t"Bolt"\tread\t01 FF',
        'fff0\tfff1 2901\twords\t\t"Bolt"',
        "fff0\tfff2\t\twrite\t",
        "fff0\tfff3\t\tread\tit wants to be paired with first",
        'fff0\tfff4\t\tread\t"a"',
    ]
    assert 'bolt: {characteristic: "2902", type: bytes}' in pasted
    assert yaml.safe_load(pasted) == {"points": OFFERS["points"]}
    assert api.posted()[-1].body == {"what": "gatt"}


def test_it_is_there_as_data_too(api: Api, verb: Verb) -> None:
    api.tell(PEEK, result(found=[OFFERS]))
    assert verb("read", "lock", "--gatt", "--json").json["found"] == [OFFERS]


def test_a_device_that_is_not_there_has_an_exit_code_of_its_own(api: Api, verb: Verb) -> None:
    api.tell(PEEK, result("unreachable", reason="out-of-range", detail="it has not been heard for 30 s"))
    said = verb("read", "lock", "--gatt")
    assert (said.code, said.out) == (4, "")
    assert "it has not been heard for 30 s" in said.err


@pytest.mark.parametrize("more", [("battery_level",), ("--raw", "holding:1")])
def test_all_that_there_is_and_a_part_of_it_are_one_too_many(verb: Verb, more: tuple[str, ...]) -> None:
    assert verb("read", "lock", "--gatt", *more).code == 2
