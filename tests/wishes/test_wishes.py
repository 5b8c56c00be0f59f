"""What a far end wants: what of it is granted, how long it holds, who heeds it."""

import logging
import math
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from gateway.config.models import LogSection
from gateway.log import LEVELS
from gateway.model import Wishes
from gateway.wishes import LogLevel, Wished

DEVICES = {"boiler", "pump"}


def wished(memory: dict[str, Any], *, devices: set[str] = DEVICES, may_command: bool = True) -> Wished:
    return Wished("hub", "azure-iot-hub", memory, devices, may_command=may_command)


def heard(wished: Wished) -> list[Wishes]:
    heard: list[Wishes] = []
    wished.heeded_by(heard.append)
    return heard


def test_nothing_is_wanted_at_first() -> None:
    at_first = wished({})
    assert heard(at_first) == [Wishes()]
    assert at_first.facts() == {}


def test_what_is_granted_is_heeded_at_once_and_shown() -> None:
    memory: dict[str, Any] = {}
    ours = wished(memory)
    told = heard(ours)
    wishes = Wishes({"": 60.0, "boiler": 0.0}, "debug", False)
    assert ours.wish(wishes) == {}
    assert told == [Wishes(), wishes]
    assert ours.facts() == {"interval_s": {"": 60.0, "boiler": 0.0}, "level": "debug", "commands": False}


def test_the_same_again_is_no_news() -> None:
    ours = wished({})
    told = heard(ours)
    for _ in range(3):
        assert ours.wish(Wishes(level="loud")) == {"level": "level must be one of debug, info, warning, error"}
    assert len(told) == 2


@pytest.mark.parametrize(
    ("wishes", "refused"),
    [
        (Wishes({"boiler": 86_400.0}), {}),
        (Wishes({"boiler": 86_401.0}), {"interval_s.boiler": "an interval is at most 1d"}),
        (Wishes({"": 1e12}), {"interval_s": "an interval is at most 1d"}),
        (Wishes({"": math.nan}), {"interval_s": "an interval is at most 1d"}),
        (Wishes({"": -1.0}), {"interval_s": "an interval is at most 1d"}),
        (Wishes({"oven": 5.0}), {"interval_s.oven": "there is no device oven"}),
        (Wishes(level="DEBUG"), {"level": "level must be one of debug, info, warning, error"}),
        (Wishes(commands=True), {}),
    ],
)
def test_what_is_not_granted_is_told_why_and_not_heeded(wishes: Wishes, refused: dict[str, str]) -> None:
    ours = wished({})
    told = heard(ours)
    assert ours.wish(wishes) == refused
    assert told[-1] == (Wishes() if refused else wishes)


def test_one_that_is_not_granted_costs_the_others_nothing() -> None:
    ours = wished({}, may_command=False)
    refused = ours.wish(Wishes({"oven": 5.0, "pump": 5.0}, "debug", True))
    assert set(refused) == {"interval_s.oven", "commands"}
    assert ours.granted == Wishes({"pump": 5.0}, "debug", None)


def test_what_the_configuration_forbids_cant_be_switched_on() -> None:
    ours = wished({}, may_command=False)
    assert ours.wish(Wishes(commands=True)) == {
        "commands": "the configuration takes no commands from here (endpoints.hub.commands)"
    }
    assert ours.wish(Wishes(commands=False)) == {}


def test_wishes_outlast_a_restart_and_are_weighed_against_what_is_configured_then() -> None:
    memory: dict[str, Any] = {}
    wished(memory).wish(Wishes({"oven": 5.0}, commands=True))
    assert heard(wished(memory, devices={"oven"})) == [Wishes({"oven": 5.0}, commands=True)]
    assert heard(wished(memory, devices={"oven"}, may_command=False)) == [Wishes({"oven": 5.0})]


def test_an_endpoint_that_has_become_another_does_not_inherit_what_nobody_could_take_back() -> None:
    memory: dict[str, Any] = {}
    wished(memory).wish(Wishes(commands=False))
    assert Wished("hub", "mqtt", memory, DEVICES, may_command=True).granted == Wishes()


@pytest.mark.parametrize("kept", [7, {"commands": "no"}, {"interval_s": {"boiler": "10s"}}, None, []])
def test_what_can_no_longer_be_read_is_forgotten(kept: Any) -> None:
    assert wished({"wishes": kept, "wishes_of": "azure-iot-hub"}).granted == Wishes()


@pytest.fixture
def level() -> Iterator[LogLevel]:
    ours, before = logging.getLogger("fieldgate"), logging.getLogger("fieldgate").level
    yield LogLevel("info")
    ours.setLevel(before)


def now() -> str:
    return logging.getLevelName(logging.getLogger("fieldgate").level).lower()


def test_of_several_far_ends_the_one_that_wants_most_has_it(level: LogLevel) -> None:
    level.wish("hub", Wishes(level="warning"))
    assert now() == "warning"
    level.wish("cloud", Wishes(level="debug"))
    assert now() == "debug"
    level.wish("hub", Wishes(level="error"))
    assert now() == "debug"
    level.wish("cloud", Wishes())
    assert now() == "error"
    level.wish("hub", Wishes())
    assert now() == "info"


def test_the_levels_are_those_of_the_configuration() -> None:
    assert get_args(LogSection.model_fields["level"].annotation) == LEVELS
