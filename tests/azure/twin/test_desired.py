"""What an operator writes into the desired properties, and what is answered."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.endpoints.azure_iot_hub.twin.desired import answers, read
from gateway.endpoints.azure_iot_hub.twin.patches import encoded
from gateway.model import Wishes
from tests.support.examples import examples
from tests.support.iothub.twin import patched

ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=8), below, max_size=4),
    max_leaves=12,
)
DESIRED = st.dictionaries(
    st.sampled_from(["report", "log", "commands"]) | st.text(max_size=5),
    ANYTHING
    | st.fixed_dictionaries({}, optional={"interval": ANYTHING, "devices": ANYTHING, "level": ANYTHING})
    | st.fixed_dictionaries({"devices": st.dictionaries(st.text(max_size=8), st.just("5s") | ANYTHING)}),
    max_size=5,
)


def told(desired: dict[str, Any], refused: dict[str, str] | None = None) -> dict[str, Any]:
    return answers(read(desired), refused or {}, 7)


def test_all_three_are_wishes_and_answered_with_what_holds() -> None:
    desired = {
        "report": {"interval": "1min", "devices": {"boiler": "10s"}},
        "log": {"level": "debug"},
        "commands": False,
    }
    assert read(desired).wishes == Wishes({"": 60.0, "boiler": 10.0}, "debug", False)
    assert told(desired) == {name: {"value": value, "ac": 200, "av": 7} for name, value in desired.items()}


@pytest.mark.parametrize("desired", [{}, {"report": None, "log": None, "commands": None}, {"$version": 3}])
def test_what_is_absent_or_null_is_as_configured(desired: dict[str, Any]) -> None:
    assert read(desired).wishes == Wishes()
    assert told(desired) == {}


@pytest.mark.parametrize(
    "desired",
    [{"report": {"interval": None, "devices": None}}, {"report": {"devices": {"boiler": None}}}, {"log": {}}],
)
def test_a_null_below_is_as_configured_too(desired: dict[str, Any]) -> None:
    assert read(desired).wishes == Wishes()
    assert [answer["ac"] for answer in told(desired).values()] == [200]


@pytest.mark.parametrize(
    ("desired", "sentence"),
    [
        ({"report": {"interval": 60}}, "interval: 60 has no unit - did you mean '60s' or '60ms'?"),
        (
            {"report": {"devices": {"boiler": "soon"}}},
            "devices.boiler: must be a duration, like 500ms, 10s, 5min, 1h or",
        ),
        ({"report": {"devices": ["boiler"]}}, "devices must be an object, like {'boiler': '10s'}"),
        ({"report": {"intervall": "1s"}}, "there is no report.intervall; there is interval and devices"),
        ({"report": "1min"}, "report must be an object with interval and devices"),
        ({"log": {"level": 3}}, "level must be a text, like 'debug'"),
        ({"log": {"lvl": "debug"}}, "there is no log.lvl; there is level"),
        ({"commands": "false"}, "commands must be true or false"),
    ],
)
def test_what_cant_be_meant_is_told_in_a_sentence(desired: dict[str, Any], sentence: str) -> None:
    assert read(desired).wishes == Wishes()
    (answer,) = told(desired).values()
    assert answer.pop("ad").startswith(sentence)
    assert answer == {"ac": 400, "av": 7}


def test_the_rest_of_a_setting_is_taken() -> None:
    answer = told({"report": {"interval": "1min", "devices": {"boiler": 10, "pump": "5s"}}})["report"]
    assert answer["value"] == {"interval": "1min", "devices": {"pump": "5s"}}
    assert answer["ac"] == 400


def test_what_the_core_does_not_grant_is_not_among_what_holds() -> None:
    desired = {
        "report": {"interval": "2d", "devices": {"boiler": "5s", "x": "5s"}},
        "log": {"level": "no"},
        "commands": True,
    }
    refused = {
        "interval_s": "too long",
        "interval_s.x": "no such device",
        "level": "no such level",
        "commands": "forbidden",
    }
    assert told(desired, refused) == {
        "report": {"value": {"devices": {"boiler": "5s"}}, "ac": 403, "av": 7, "ad": "too long; no such device"},
        "log": {"ac": 403, "av": 7, "ad": "no such level"},
        "commands": {"ac": 403, "av": 7, "ad": "forbidden"},
    }


def test_unknown_names_are_answered_and_nothing_else_is_lost_by_them() -> None:
    desired = {"lgo": {"level": "debug"}, "comands": False, "log": {"level": "debug"}}
    assert read(desired).wishes == Wishes(level="debug")
    assert told(desired)["unknown"] == {
        "ac": 404,
        "av": 7,
        "ad": "there is no lgo, comands; there are report, log, commands",
    }


def test_of_many_faults_some_are_told_and_the_others_counted() -> None:
    desired = {"report": {"devices": {f"d{number}": 1 for number in range(9)}}, **dict.fromkeys("abcdefgh", 1)}
    assert told(desired)["report"]["ad"].endswith("; and 4 more")
    assert told(desired)["unknown"]["ad"].startswith("there is no a, b, c, d, e and 3 more;")


def test_a_thousand_intervals_are_taken_though_not_all_are_repeated() -> None:
    desired = {"report": {"devices": {f"device-{number}": "10s" for number in range(1000)}}}
    assert len(read(desired).wishes.interval_s) == 1000
    assert 100 < len(told(desired)["report"]["value"]["devices"]) < 300
    assert len(encoded(told(desired))) < 4200


@settings(max_examples=examples(50))
@given(DESIRED, st.dictionaries(st.sampled_from(["interval_s", "interval_s.a", "level", "commands"]), st.text()))
def test_whatever_is_desired_the_answer_is_within_the_limits_and_short(
    desired: dict[str, Any], refused: dict[str, str]
) -> None:
    answer = answers(read(desired), refused, 2**52)
    assert patched({}, answer) == answer
    assert len(encoded(answer)) < 7 * 1024
