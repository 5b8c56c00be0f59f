from __future__ import annotations

from typing import Any

import pytest

from adapters.serial.decode.obis import obis_of
from tests.serial.decode.built import DECODE_ERROR, INVALID, read_by, shape_of, values_of

BLOCK = (
    "F.F(00)\r\nC.1.0(12345678)\r\n0.9.1(142503)\r\n1.8.0(0012345.678*kWh)\r\n1.8.0*01(0012000.000*kWh)\r\n"
    "2.8.0(000000.12*kWh)32.7.0(231.4*V)\r\n!\r\n"
)
TELEGRAM = (
    "ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n1-0:1.8.1(123456.789*kWh)\r\n1-0:1.8.2(000000.000*kWh)\r\n"
    "1-0:1.7.0(01.193*kW)\r\n0-1:24.2.1(101209112500W)(12785.123*m3)\r\n"
)


def value_of(block: str, address: str, kind: str = "float", **more: Any) -> Any:
    shape = shape_of({"x": {"from": address, "type": kind, **more}}, decode="iec62056-21")
    return values_of(shape, block)["x"]


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("1.8.0", 12345.678),
        ("1-0:1.8.0", 12345.678),
        ("1-0:1.8.0*255", 12345.678),
        ("1.8.0*01", 12000.0),
        ("1-0:1.8.0*01", 12000.0),
        ("32.7.0", 231.4),
        ("F.F", 0.0),
    ],
)
def test_a_value_by_its_address_as_meters_and_manuals_write_it(address: str, value: float) -> None:
    assert value_of(BLOCK, address) == value


def test_a_telegram_of_a_smart_meter() -> None:
    assert value_of(TELEGRAM, "1.7.0", unit="kW") == 1.193
    assert value_of(TELEGRAM, "1-0:1.8.1.255") == 123456.789
    assert value_of(TELEGRAM, "0-1:24.2.1[2]", unit="m³") == 12785.123
    assert value_of(TELEGRAM, "0-1:24.2.1", "string") == "101209112500W"


def test_texts_and_numbers_with_zeros_before_them() -> None:
    assert value_of(BLOCK, "C.1.0", "string") == "12345678"
    assert value_of(BLOCK, "0.9.1", "int") == 142503


def test_what_a_block_does_not_have_is_a_decode_error_and_what_is_empty_no_value() -> None:
    assert value_of(BLOCK, "16.7.0") == DECODE_ERROR
    assert value_of(BLOCK, "1.8.0[2]") == DECODE_ERROR
    assert value_of("1.8.0()\r\n!\r\n", "1.8.0") == INVALID


def test_an_address_that_could_be_two_is_none() -> None:
    block = "1-0:1.8.0(1)\r\n7-0:1.8.0(2)\r\n"
    assert value_of(block, "1.8.0") == DECODE_ERROR
    assert value_of(block, "7-0:1.8.0") == 2.0


def test_another_unit_than_the_configured_is_a_decode_error_unless_it_is_scaled() -> None:
    assert value_of("1.8.0(12345*Wh)", "1.8.0", unit="kWh") == DECODE_ERROR
    assert value_of("1.8.0(12345*Wh)", "1.8.0", unit="kWh", scale=0.001) == 12.345
    assert value_of("1.8.0(12345*kWh)", "1.8.0", unit="kWh") == 12345.0
    assert value_of("1.8.0(12345*Wh)", "1.8.0") == 12345.0


def test_an_identification_is_no_data_block() -> None:
    shape = shape_of({"x": {"from": "1.8.0", "type": "float"}}, decode="iec62056-21")
    assert read_by(shape, "/LUG5E230") is None


def test_a_value_without_an_address_belongs_to_the_one_before() -> None:
    block = "P.01(1)(2)\r\n(3)\r\n"
    assert [value_of(block, f"P.01[{number}]") for number in (1, 2, 3)] == [1.0, 2.0, 3.0]


def test_all_six_groups() -> None:
    assert obis_of("1-0:1.8.0*255") == ("1-0", "1.8.0", None)
    assert obis_of("1-0:1.8.0.01") == ("1-0", "1.8.0", "01")
    assert obis_of("1.8.0&05") == (None, "1.8.0", "05")
    assert obis_of("F.F") == (None, "F.F", None)
