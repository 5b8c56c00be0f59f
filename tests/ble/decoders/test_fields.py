from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice
from adapters.ble.decoders.fields import FieldDecoder
from gateway.model import Bad, BadReason
from tests.ble.decoders.told import manufacturer, service

SHORT = Bad(BadReason.DECODE_ERROR)


def fields(data: dict[str, Any] | None = None, **points: dict[str, Any]) -> FieldDecoder:
    device = BleDevice.model_validate(
        {"link": "radio", "address": "AA:BB:CC:DD:EE:FF", "points": points, **({"data": data} if data else {})}
    )
    return FieldDecoder(device.points, device.data)


TANK = {"manufacturer": 0x0059, "starts": "a1"}
LEVEL = {"type": "uint16", "at": 1, "order": "DCBA", "scale": 0.1}


def test_points_stand_where_the_configuration_says() -> None:
    decoder = fields(TANK, level=LEVEL, battery={"type": "uint8", "at": -1})
    assert decoder.points == ("level", "battery")
    assert decoder.read(manufacturer(0x0059, "a1d90055")) == ((21.7, 0x55), {})


def test_service_data_is_known_by_its_uuid() -> None:
    decoder = fields({"service": "181a"}, level=LEVEL)
    assert decoder.read(service("181a", "00d900")) == ((21.7,), {})
    assert decoder.read(service("181b", "00d900")) is None


@pytest.mark.parametrize(
    "advert", [manufacturer(0x0059, "a2d900"), manufacturer(0x0058, "a1d900"), service("181a", "a1")]
)
def test_data_of_another_kind_says_nothing(advert: Advert) -> None:
    assert fields(TANK, level=LEVEL).read(advert) is None


def test_where_a_length_is_given_other_lengths_are_another_kind() -> None:
    decoder = fields({**TANK, "length": 3}, level=LEVEL)
    assert decoder.read(manufacturer(0x0059, "a1d900")) == ((21.7,), {})
    assert decoder.read(manufacturer(0x0059, "a1d90000")) is None
    assert decoder.read(manufacturer(0x0059, "a1d9")) is None


def test_what_is_too_short_for_a_point_is_a_decode_error() -> None:
    decoder = fields(TANK, level=LEVEL, kind={"type": "uint8", "at": 0})
    assert decoder.read(manufacturer(0x0059, "a1d9")) == ((None, 0xA1), {"level": SHORT})


def test_what_is_out_of_range_or_stands_for_nothing_is_bad() -> None:
    decoder = fields(
        TANK,
        level={**LEVEL, "range": [0, 20]},
        state={"type": "uint8", "at": 0, "enum": {1: "on"}},
        spare={"type": "uint16", "at": 1, "invalid": [0xD900]},
    )
    reading = decoder.read(manufacturer(0x0059, "a1d900"))
    assert reading is not None
    assert {name: bad.reason for name, bad in reading.bad.items()} == {
        "level": BadReason.OUT_OF_RANGE,
        "state": BadReason.INVALID,
        "spare": BadReason.INVALID,
    }


def test_points_of_other_data_are_left_as_they_were() -> None:
    decoder = fields(TANK, level=LEVEL, door={"type": "bool", "at": 0, "data": {"service": "181a"}})
    assert decoder.read(manufacturer(0x0059, "a1d900")) == ((21.7, None), {})
    assert decoder.read(service("181a", "01")) == ((None, True), {})
    both = Advert("AA", 0, 0, manufacturer={0x0059: b"\xa1"}, services=service("181a", "00").services)
    assert decoder.read(both) == ((None, False), {"level": SHORT})


def test_points_that_are_decoded_or_read_are_not_for_here() -> None:
    decoder = fields(TANK, level=LEVEL, rssi={}, battery={"characteristic": "battery_level"})
    assert decoder.points == ("level",)


@given(st.binary(max_size=40))
def test_whatever_is_heard_it_is_a_value_or_bad(data: bytes) -> None:
    reading = fields({"manufacturer": 1}, level=LEVEL, text={"type": "string", "at": 3, "length": 4}).read(
        manufacturer(1, data)
    )
    assert reading is not None
    assert [value is None for value in reading.values] == [name in reading.bad for name in ("level", "text")]
