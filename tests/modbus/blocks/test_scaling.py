"""Numbers and the powers of ten that other registers hold."""

from typing import Any

import pytest

from adapters.modbus.blocks.plan import cells_of
from adapters.modbus.blocks.scaling import Scaling
from gateway.model import Bad, BadReason
from gateway.values import Spoiled
from tests.modbus.setup import device

NOT_SCALED = Bad(BadReason.INVALID)
POINTS: dict[str, dict[str, Any]] = {
    "volts": {"address": 1, "scale_from": 9},
    "plain": {"address": 2},
    "amps": {"address": 3, "scale_from": 9, "scale": 0.5, "range": [0, 1000]},
    "watts": {"address": 4, "scale_from": 8},
}


def scaling() -> Scaling:
    configured = device(POINTS)
    (group,) = configured.groups("d")
    return Scaling(cells_of(configured, group))


def test_numbers_become_values_and_the_powers_of_ten_are_gone() -> None:
    assert scaling().values([2305, 7, 13, 42, -1, 2]) == (230.5, 7, 0.65, 4200.0)


def test_the_power_of_ten_may_change_from_one_cycle_to_the_next() -> None:
    scale = scaling()
    assert [scale.values([1, 0, 0, 0, exponent, 0])[0] for exponent in (-1, 1, -1)] == [0.1, 10.0, 0.1]


@pytest.mark.parametrize(("exponent", "good"), [(-10, True), (10, True), (-11, False), (11, False), (-32768, False)])
def test_without_a_power_of_ten_there_is_no_value(exponent: int, good: bool) -> None:
    bad: dict[str, Bad] = {}
    values = scaling().sift([1, 7, 2, 3, 0, exponent], bad)
    assert values[:3] == (1.0, 7, 1.0)
    assert (values[3] is not None) == good
    assert bad == ({} if good else {"watts": NOT_SCALED})
    if not good:
        with pytest.raises(Spoiled):
            scaling().values([1, 7, 2, 3, 0, exponent])


def test_what_is_wrong_with_the_power_of_ten_is_wrong_with_the_points_it_scales() -> None:
    scale = scaling()
    missing = Bad(BadReason.DEVICE_ERROR, code=2)
    hidden = next(cell.name for cell in cells_of(device(POINTS), device(POINTS).groups("d")[0]) if cell.start == 9)
    bad = {hidden: missing}
    assert scale.sift([1, 7, 2, 3, None, 0], bad) == (None, 7, None, 3.0)
    assert bad == {"volts": missing, "amps": missing}


def test_a_bad_number_keeps_its_own_reason() -> None:
    why = Bad(BadReason.TIMEOUT)
    bad = {"volts": why}
    assert scaling().sift([None, 7, 2, 3, 0, 0], bad)[0] is None
    assert bad == {"volts": why}


def test_a_range_holds_for_the_scaled_value() -> None:
    bad: dict[str, Bad] = {}
    scaling().sift([1, 7, 2001, 3, 0, 0], bad)
    assert bad == {"amps": Bad(BadReason.OUT_OF_RANGE, value=1000.5)}


def test_the_powers_of_ten_are_told_by_point_for_those_who_write() -> None:
    assert scaling().exponents([1, 7, 2, 3, -1, -32768]) == {"volts": -1, "amps": -1, "watts": None}
    assert scaling().exponents([1, 7, 2, 3, None, 0]) == {"volts": None, "amps": None, "watts": 0}


def test_where_nothing_is_scaled_there_is_nothing_to_do() -> None:
    configured = device({"a": {"address": 1}})
    assert not Scaling(cells_of(configured, configured.groups("d")[0]))
