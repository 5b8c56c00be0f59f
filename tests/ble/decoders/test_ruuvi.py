"""Test vectors are those of docs.ruuvi.com, data formats 3, 5, 6, C5 and E1."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.decoders.contract import Refusal, Told
from adapters.ble.decoders.ruuvi import COMPANY, EXTENDED_FOR_MS, FORMATS, RuuviDecoder
from gateway.model import Value
from tests.ble.decoders.told import manufacturer, refusal, service, told, values

FIVE = "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"
SIX = "06170C5668C79E007000C90501D9FFCD004C884F"
EXTENDED = "E1170C5668C79E0065007004BD11CA00C90A0213E0ACFFFFFFDECDEE10FFFFFFFFFFCBB8334C884F"

VECTORS: list[tuple[str, int | None, dict[str, Value]]] = [
    (
        "03291A1ECE1EFC18F94202CA0B53",
        None,
        {
            "humidity": 20.5,
            "temperature": 26.3,
            "pressure": 1027.66,
            "acceleration_x": -9.8066,
            "acceleration_y": -16.9263,
            "acceleration_z": 7.0019,
            "voltage": 2.899,
        },
    ),
    (
        "03FF7F63FFFF7FFF7FFF7FFFFFFF",
        None,
        {
            "humidity": 127.5,
            "temperature": 127.99,
            "pressure": 1155.35,
            "acceleration_x": 321.3345,
            "acceleration_y": 321.3345,
            "acceleration_z": 321.3345,
            "voltage": 65.535,
        },
    ),
    (
        "0300FF6300008001800180010000",
        None,
        {
            "humidity": 0.0,
            "temperature": -127.99,
            "pressure": 500.0,
            "acceleration_x": -321.3345,
            "acceleration_y": -321.3345,
            "acceleration_z": -321.3345,
            "voltage": 0.0,
        },
    ),
    (
        FIVE,
        205,
        {
            "temperature": 24.3,
            "humidity": 53.49,
            "pressure": 1000.44,
            "acceleration_x": 0.0392,
            "acceleration_y": -0.0392,
            "acceleration_z": 10.1597,
            "voltage": 2.977,
            "tx_power": 4,
            "movements": 66,
        },
    ),
    (
        "057FFFFFFEFFFE7FFF7FFF7FFFFFDEFEFFFECBB8334C884F",
        65534,
        {
            "temperature": 163.835,
            "humidity": 163.835,
            "pressure": 1155.34,
            "acceleration_x": 321.3345,
            "acceleration_y": 321.3345,
            "acceleration_z": 321.3345,
            "voltage": 3.646,
            "tx_power": 20,
            "movements": 254,
        },
    ),
    (
        "058001000000008001800180010000000000CBB8334C884F",
        0,
        {
            "temperature": -163.835,
            "humidity": 0.0,
            "pressure": 500.0,
            "acceleration_x": -321.3345,
            "acceleration_y": -321.3345,
            "acceleration_z": -321.3345,
            "voltage": 1.6,
            "tx_power": -40,
            "movements": 0,
        },
    ),
    ("058000FFFFFFFF800080008000FFFFFFFFFFFFFFFFFFFFFF", None, {}),
    (
        "C512FC5394C37CAC364200CDCBB8334C884F",
        205,
        {
            "temperature": 24.3,
            "humidity": 53.49,
            "pressure": 1000.44,
            "voltage": 2.977,
            "tx_power": 4,
            "movements": 66,
        },
    ),
    ("C58000FFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", None, {}),
    (
        SIX,
        205,
        {
            "temperature": 29.5,
            "humidity": 55.3,
            "pressure": 1011.02,
            "pm25": 11.2,
            "co2": 201,
            "voc_index": 10,
            "nox_index": 2,
            "illuminance": 13026.67,
            "calibrating": False,
        },
    ),
    (
        "067FFF9C40FFFE27109C40FAFAFEFFFF074C8F4F",
        255,
        {
            "temperature": 163.835,
            "humidity": 100.0,
            "pressure": 1155.34,
            "pm25": 1000.0,
            "co2": 40000,
            "voc_index": 500,
            "nox_index": 500,
            "illuminance": 65535.0,
            "calibrating": True,
        },
    ),
    (
        "0680010000000000000000000000FF00004C884F",
        0,
        {
            "temperature": -163.835,
            "humidity": 0.0,
            "pressure": 500.0,
            "pm25": 0.0,
            "co2": 0,
            "voc_index": 0,
            "nox_index": 0,
            "illuminance": 0.0,
            "calibrating": False,
        },
    ),
    ("068000FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 255, {"calibrating": True}),
    (
        EXTENDED,
        14601710,
        {
            "temperature": 29.5,
            "humidity": 55.3,
            "pressure": 1011.02,
            "pm1": 10.1,
            "pm25": 11.2,
            "pm4": 121.3,
            "pm10": 455.4,
            "co2": 201,
            "voc_index": 20,
            "nox_index": 4,
            "illuminance": 13027.0,
            "calibrating": False,  # the page says true, but its flags, 0x10, have bit 0 not set
        },
    ),
    (
        "E17FFF9C40FFFE27102710271027109C40FAFADC28F0FFFFFFFFFFFE3FFFFFFFFFFFCBB8334C884F",
        16777214,
        {
            "temperature": 163.835,
            "humidity": 100.0,
            "pressure": 1155.34,
            "pm1": 1000.0,
            "pm25": 1000.0,
            "pm4": 1000.0,
            "pm10": 1000.0,
            "co2": 40000,
            "voc_index": 500,
            "nox_index": 500,
            "illuminance": 144284.0,
            "calibrating": True,
        },
    ),
]


@pytest.mark.parametrize(("data", "number", "expected"), VECTORS, ids=[data for data, _, _ in VECTORS])
def test_the_published_vectors(data: str, number: int | None, expected: dict[str, Value]) -> None:
    packet = told(RuuviDecoder(), manufacturer(COMPANY, data))
    assert (packet.counter, packet.values) == (number, expected)


def test_what_is_not_available_is_told_as_absent() -> None:
    data = bytearray.fromhex(FIVE)
    data[1:3] = b"\x80\x00"
    assert told(RuuviDecoder(), manufacturer(COMPANY, bytes(data))).absent == ("temperature",)


def test_only_what_is_not_available_is_left_out() -> None:
    data = bytearray.fromhex(FIVE)
    data[1:3] = b"\x80\x00"
    data[7:9] = b"\x80\x00"
    assert values(RuuviDecoder(), manufacturer(COMPANY, bytes(data))).keys() == {
        "humidity", "pressure", "acceleration_y", "acceleration_z", "voltage", "tx_power", "movements",
    }  # fmt: skip


@pytest.mark.parametrize(("data", "wraps"), [(FIVE, 65535), (SIX, 256), (EXTENDED, 2**24 - 1)])
def test_its_counter_begins_anew_before_the_number_that_means_not_available(data: str, wraps: int) -> None:
    assert told(RuuviDecoder(), manufacturer(COMPANY, data)).wraps == wraps


def test_zeros_behind_format_3_as_the_oldest_firmware_sends_them_are_ignored() -> None:
    assert values(RuuviDecoder(), manufacturer(COMPANY, "03291A1ECE1EFC18F94202CA0B5300000000"))["voltage"] == 2.899


def test_hundredths_of_degrees_that_can_not_be_leave_the_temperature_out() -> None:
    assert "temperature" not in values(RuuviDecoder(), manufacturer(COMPANY, "03291A64CE1EFC18F94202CA0B53"))


def test_no_degrees_are_not_below_zero() -> None:
    temperature = values(RuuviDecoder(), manufacturer(COMPANY, "03298000CE1EFC18F94202CA0B53"))["temperature"]
    assert str(temperature) == "0.0"


def test_who_hears_the_extended_advertisement_leaves_the_short_one() -> None:
    decoder = RuuviDecoder()
    assert told(decoder, manufacturer(COMPANY, SIX)).values["pm25"] == 11.2
    told(decoder, manufacturer(COMPANY, EXTENDED))
    assert values(decoder, manufacturer(COMPANY, SIX)) == {}


@pytest.mark.parametrize(("later_ms", "is_left"), [(EXTENDED_FOR_MS - 1, True), (EXTENDED_FOR_MS, False)])
def test_the_short_one_is_heard_again_when_extended_ones_come_no_more(later_ms: int, is_left: bool) -> None:
    decoder = RuuviDecoder()
    told(decoder, manufacturer(COMPANY, EXTENDED))
    later = msgspec.structs.replace(manufacturer(COMPANY, SIX), time_ms=later_ms)
    assert (values(decoder, later) == {}) is is_left


def test_another_format_is_named() -> None:
    refused = RuuviDecoder().decode(manufacturer(COMPANY, "0843825B56324FE019C4BD4D6D3CECAC6E1CAABBCCDDEEDD"))
    assert "data format 8 is not known" in str(refused)


def test_what_others_send_is_not_for_it() -> None:
    assert RuuviDecoder().decode(manufacturer(0x004C, FIVE)) is None
    assert RuuviDecoder().decode(service("fcd2", FIVE)) is None


@pytest.mark.parametrize("data", [data for data, _, _ in VECTORS])
def test_every_truncation_tells_nothing(data: str) -> None:
    whole = bytes.fromhex(data)
    for end in range(len(whole)):
        assert refusal(RuuviDecoder(), manufacturer(COMPANY, whole[:end])) is Refusal.MALFORMED


@given(st.binary(max_size=64))
def test_any_bytes_are_decoded_without_an_error(data: bytes) -> None:
    if isinstance(RuuviDecoder().decode(manufacturer(COMPANY, data)), Told):
        assert len(data) in FORMATS[data[0]].sizes


@given(st.sampled_from(sorted(FORMATS)), st.data())
def test_any_content_of_the_right_size_gives_values_of_their_kinds(first: int, data: st.DataObject) -> None:
    size = FORMATS[first].sizes[0] - 1
    told(RuuviDecoder(), manufacturer(COMPANY, bytes([first]) + data.draw(st.binary(min_size=size, max_size=size))))
