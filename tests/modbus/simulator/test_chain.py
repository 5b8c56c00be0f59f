"""What a simulated SunSpec device says of itself, as a walk over its models finds it."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.config.sunspec import SunSpec
from adapters.modbus.simulator.chain import USUAL, chain, models
from adapters.modbus.sunspec.definitions import numbers
from adapters.modbus.sunspec.walk import Found
from tests.modbus.sunspec.images import Device, found_on

AT_ONCE = 4
"""Models of one device: all of them would be more than there are addresses."""


def found(*wanted: SunSpec, unit: int = 1) -> Found:
    return found_on(Device(chain(wanted, unit), 40000))


def wanted(only: Sequence[int | str] = (), **points: Any) -> SunSpec:
    return SunSpec.model_validate({"only": list(only), "points": points})


def ids(*wanted: SunSpec) -> list[int]:
    return [model.id for model in models(wanted)]


@given(st.sets(st.sampled_from(sorted(numbers())), min_size=1, max_size=AT_ONCE))
def test_any_models_are_found_whole(only: set[int]) -> None:
    seen = found(wanted(sorted(only)))
    assert {model.id for model in seen.models} == only | {1}
    assert (seen.flaws, seen.unknown) == ((), ())


def test_the_usual_device_has_repeated_groups_and_points_that_are_not_implemented() -> None:
    seen = {model.id: model.points for model in found(wanted()).models}
    assert tuple(seen) == USUAL
    assert {"module_1_DCW", "module_2_DCW"} <= set(seen[160])
    assert {"A", "PhVphA", "W", "Hz", "WH", "St", "Evt1"} <= set(seen[103])
    assert not {"PPVphAB", "TmpTrns", "StVnd", "EvtVnd1"} & set(seen[103])


def test_groups_within_groups_come_as_often_as_the_model_says() -> None:
    (curves,) = (model for model in found(wanted((705,))).models if model.id == 705)
    assert curves.counts == {"NPt": 2, "NCrv": 2}
    assert {"Crv_1_Pt_1_V", "Crv_1_Pt_2_V", "Crv_2_Pt_2_V"} <= set(curves.points)


@pytest.mark.parametrize(
    ("only", "there"),
    [
        ((203,), [1, 203]),
        (("inverter_*",), [1, 103]),
        (("inverter_single_phase", "common"), [1, 101]),
        (("inverter_single_*",), [1, 101, 111]),
        (("*",), [*USUAL]),
    ],
)
def test_only_names_what_there_is(only: Sequence[int | str], there: list[int]) -> None:
    assert ids(wanted(only)) == there


def test_a_point_to_which_something_is_added_is_there() -> None:
    asked = wanted(inverter_three_phase_PPVphAB={}, volt_var_ActCrv={})
    assert ids(asked) == sorted([*USUAL, 126])
    (inverter,) = (model for model in found(asked).models if model.id == 103)
    assert {"PPVphAB"} == {"PPVphAB", "PPVphBC"} & set(inverter.points)


def test_two_devices_at_one_place_have_all_that_either_wants() -> None:
    assert ids(wanted((103,)), wanted((203,))) == [1, 103, 203]


def test_units_are_told_from_each_other() -> None:
    assert found(wanted(), unit=1).identity != found(wanted(), unit=2).identity
