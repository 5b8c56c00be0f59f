"""What was found as points of the configuration."""

import re
from itertools import chain as flat
from typing import Any

import pytest

from adapters.modbus.config import ModbusDevice
from adapters.modbus.config.tables import MAX_READ_REGISTERS
from adapters.modbus.sunspec.completion import with_points
from adapters.modbus.sunspec.definitions import definition
from adapters.modbus.sunspec.points import unmet
from adapters.modbus.sunspec.shape import places
from adapters.modbus.sunspec.walk import Found, Model
from gateway.adapter import IDENTIFIER
from tests.modbus.sunspec.images import COMMON, INVERTER, Device, chain, completed, inverter, model, read, sunspec

W = "inverter_three_phase_W"
NUMBERS = [number for number in range(0x10000) if definition(number) is not None]


def whole(number: int, address: int = 40002, *, length: int = 2000, count: int = 3) -> Model:
    """A model in which every point is there, and groups come so often."""
    known = definition(number)
    assert known is not None
    counts = {point.name: count for point in known.group.points}
    found = places(known, length, counts)
    return Model(number, address, length, counts, tuple(p.name for p in found if p.point.width <= MAX_READ_REGISTERS))


def having(*models: Model) -> Found:
    return Found(40000, 68, "", models)


@pytest.mark.parametrize("number", NUMBERS)
def test_every_point_of_every_model_can_be_a_point_with_a_name_of_its_own(number: int) -> None:
    models = (whole(number), whole(number, 50002))

    device = with_points(sunspec(), having(*models))

    assert len(device.points) == sum(len(each.points) for each in models)
    assert [name for name in device.points if not re.fullmatch(IDENTIFIER, name)] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_names_are_short_enough_for_ids_however_often_models_and_groups_come(number: int) -> None:
    known = definition(number)
    assert known is not None

    lengths = [len(f"{known.group.name}_99_{name}") for name in whole(number, length=20000, count=999).points]

    assert max(lengths) <= 64


def test_points_are_named_by_model_group_number_and_point() -> None:
    module = {"DCW": 120}
    there = Device(chain(model(1, COMMON), model(160, {"DCW_SF": 0, "N": 2, "module": [module, module]})))

    assert {"common_Mn", "mppt_module_1_DCW", "mppt_module_2_DCW"} <= completed(there).points.keys()


def test_the_second_model_of_a_kind_has_a_number_and_the_first_keeps_its_name() -> None:
    there = Device(chain(model(1, COMMON), model(103, INVERTER), model(103, INVERTER)))

    names = completed(there).points.keys()

    assert {W, "inverter_three_phase_2_W"} <= names
    assert names == completed(Device(there.words)).points.keys(), "names are the same each time"


def test_addresses_count_as_those_of_the_device() -> None:
    there = Device(inverter())

    from_0, from_1 = completed(there).points[W], completed(there, address_base=1).points[W]

    assert (from_1.address - from_0.address, (from_1.scale_from or 0) - (from_0.scale_from or 0)) == (1, 1)


def test_words_are_in_the_order_of_sunspec_whatever_the_device_says_of_its_other_points() -> None:
    there = Device(inverter())

    values, bad = read(completed(there, order="DCBA"), there)

    assert (values["inverter_three_phase_WH"], values["common_Mn"], bad) == (9876540, "Sunny", {})


def test_what_changes_only_with_the_device_is_read_once_an_hour() -> None:
    points = completed(Device(inverter())).points

    assert (points["common_Mn"].every, points[W].every) == (3600, None)
    assert completed(Device(inverter()), every="1d").points["common_Mn"].every is None


def test_a_value_that_turns_not_implemented_is_bad() -> None:
    there = Device(inverter())
    device = completed(there)
    there.words = inverter(W=None)

    values, bad = read(device, there)

    assert W not in values
    assert bad[W].reason == "invalid"


@pytest.mark.parametrize(("only", "prefixes"), [
    ([], {"common", "inverter"}),
    (["inverter_*"], {"inverter"}),
    ([1], {"common"}),
    (["common", 103], {"common", "inverter"}),
    (["nothing"], set()),
])  # fmt: skip
def test_models_can_be_chosen_by_name_and_number(only: list[str | int], prefixes: set[str]) -> None:
    points = completed(Device(inverter()), sunspec={"only": only}).points

    assert {name.split("_", maxsplit=1)[0] for name in points} == prefixes


def test_the_configuration_adds_to_what_is_found_and_takes_nothing_away() -> None:
    added = {W: {"every": "1s", "report": {"on_change": True}, "writable": {"min": 0}, "labels": {"a": "b"}}}

    point = completed(Device(inverter()), sunspec={"points": added}).points[W]

    assert (point.every, point.labels, point.unit, point.type) == (1.0, {"a": "b"}, "W", "int16")
    assert point.report is not None
    assert point.report.on_change


def test_nothing_that_is_found_is_writable_by_itself() -> None:
    points = flat.from_iterable(with_points(sunspec(), having(whole(number))).points.values() for number in NUMBERS)

    assert not any(point.writable for point in points)


def test_points_of_the_configuration_itself_stay_and_go_first() -> None:
    own: dict[str, Any] = {
        W: {"address": 900, "type": "uint16"},
        "relay": {"address": 3, "table": "coil", "type": "bool"},
    }

    points = completed(Device(inverter()), points=own).points

    assert (points[W].address, points["relay"].table) == (900, "coil")


def test_what_is_said_of_a_point_that_is_not_there_is_told_with_the_nearest_name() -> None:
    device = completed(Device(inverter()), sunspec={"points": {"inverter_three_phase_w": {"every": "1s"}}})
    assert device.sunspec is not None

    (text,) = unmet(device.sunspec, device.points)

    assert "no point 'inverter_three_phase_w' - did you mean 'inverter_three_phase_W'?" in text


def test_what_makes_no_sense_for_a_point_as_it_was_found_is_told_and_left_out() -> None:
    device = completed(Device(inverter()), sunspec={"points": {"common_Mn": {"range": [0, 1]}, W: {"verify": True}}})
    assert device.sunspec is not None

    texts = unmet(device.sunspec, device.points)

    assert texts[0].startswith("sunspec.points.common_Mn: range is for numbers")
    assert "this point is not writable" in texts[1]
    assert (device.points["common_Mn"].range, device.points[W].verify) == (None, False)


def test_a_range_and_labels_of_its_own_can_be_given_to_what_is_found() -> None:
    more = {W: {"range": [0, 5000]}, "inverter_three_phase_StVnd": {"enum": {307: "running"}}}
    there = Device(inverter())

    values, _ = read(completed(there, sunspec={"points": more}), there)

    assert values["inverter_three_phase_StVnd"] == "running"
    assert completed(there, sunspec={"points": more}).points[W].range == [0, 5000]


@pytest.mark.parametrize(("given", "is_on"), [(True, True), (False, False), (None, False), ({"base": 40069}, True)])
def test_it_is_switched_on_by_true_or_by_settings(given: object, is_on: bool) -> None:
    points = {"p": {"address": 1, "type": "uint16"}}
    device = ModbusDevice.model_validate({"link": "plc", "sunspec": given, "points": points})

    assert (device.sunspec is not None) == is_on
