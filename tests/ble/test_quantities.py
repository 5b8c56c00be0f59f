from __future__ import annotations

import re

import pytest

from adapters.ble.quantities import DECODED, OF_ANY, quantity_of
from gateway.adapter.basis import IDENTIFIER


def test_every_name_may_be_a_points_also_with_its_ordinal() -> None:
    for name in (*DECODED, *OF_ANY):
        assert re.fullmatch(IDENTIFIER, name)
        assert re.fullmatch(IDENTIFIER, f"{name}_99")


def test_no_name_is_both_of_any_device_and_of_a_decoder() -> None:
    assert not DECODED.keys() & OF_ANY.keys()


@pytest.mark.parametrize("name", ["temperature_2", "temperature_10", "temperature_99", "command_args_3", "pm25_2"])
def test_the_second_of_a_kind_is_like_the_first(name: str) -> None:
    assert quantity_of(name) == DECODED[name.rpartition("_")[0]]


@pytest.mark.parametrize("name", ["temperature_1", "temperature_0", "temperature_100", "rssi_2", "colour", ""])
def test_other_names_are_not_known(name: str) -> None:
    assert quantity_of(name) is None


def test_only_what_happens_is_an_event() -> None:
    events = {name for name, quantity in DECODED.items() if quantity.is_event}
    of_doors = {"door_action", "fingerprint", "lock_action", "lock_error", "lock_key", "lock_method"}
    of_buttons = {"button", "button_left", "button_middle", "button_right", "command", "command_args", "dimmer"}
    assert events == of_doors | of_buttons


def test_texts_and_states_have_no_unit() -> None:
    assert all(quantity.unit is None for quantity in DECODED.values() if quantity.kind in {"text", "bool"})
