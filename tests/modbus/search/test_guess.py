"""What registers may mean."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.search.guess import ORDERS, Reading, readings
from gateway.values import arrange

FIRST: list[tuple[str, str, str, Any]] = [
    ("4366 3333", "float32", "ABCD", 230.2),
    ("3333 4366", "float32", "CDAB", 230.2),
    ("6643 3333", "float32", "BADC", 230.2),
    ("3333 6643", "float32", "DCBA", 230.2),
    ("41a0 0000", "float32", "ABCD", 20.0),
    ("00d9", "uint16", "ABCD", 217),
    ("d900", "uint16", "BADC", 217),
    ("fffb", "int16", "ABCD", -5),
    ("0000 00d9", "uint32", "ABCD", 217),
    ("00d9 0000", "uint32", "CDAB", 217),
    ("ffff fffb", "int32", "ABCD", -5),
    ("00fa 00eb", "uint16", "ABCD", [250, 235]),
    ("406c b333 3333 3333", "float64", "ABCD", 229.6),
    ("4561 7374 726f 6e20", "string", "ABCD", "Eastron"),
    ("6145 7473 6f72 206e", "string", "BADC", "Eastron"),
    ("4366 3333 4366 4ccd 4365 8000", "float32", "ABCD", [230.2, 230.3, 229.5]),
]


@pytest.mark.parametrize(("data", "kind", "order", "value"), FIRST)
def test_the_likeliest_is_the_first(data: str, kind: str, order: str, value: Any) -> None:
    first = readings(bytes.fromhex(data))[0]
    assert (first.type, first.orders[0], first.value) == (kind, order, value)
    assert first.is_plausible


def of(kind: str, data: str) -> list[Reading]:
    return [each for each in readings(bytes.fromhex(data)) if each.type == kind]


def test_every_type_that_fits_is_there() -> None:
    one = {"bcd16", "float16", "int16", "int8", "uint16", "uint8"}
    two = {"bcd16", "bcd32", "float16", "float32", "int16", "int32", "uint16", "uint32"}
    four = two | {"float64", "int64", "uint64"}
    for words, kinds in ((1, one), (2, two), (3, one - {"int8", "uint8"}), (4, four)):
        assert {each.type for each in readings(b"\x01\x02" * words)} == kinds


def test_orders_that_give_the_same_are_one_reading() -> None:
    assert [each.orders for each in of("uint32", "00000000")] == [ORDERS]


def test_a_number_that_is_none_is_no_bcd_number() -> None:
    assert of("bcd16", "12ab") == []
    assert [each.value for each in of("bcd16", "1234")] == [1234, 3412]


def test_a_float_that_is_no_number_is_left_out() -> None:
    assert "ABCD" not in [order for each in of("float32", "7fc00000") for order in each.orders]


def test_text_of_what_a_terminal_obeys_is_none() -> None:
    assert of("string", "1b5b 324a") == []


@given(st.binary(min_size=2, max_size=250).filter(lambda data: len(data) % 2 == 0))
def test_whatever_comes_is_read_and_sorted(data: bytes) -> None:
    found = readings(data)
    scores = [each.score for each in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    assert {"uint16", "int16"} <= {each.type for each in found}


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(ORDERS))
def test_every_float_is_found_under_its_order(value: float, order: Any) -> None:
    data = arrange(struct.pack(">f", value), order)
    (found,) = [each for each in readings(data) if each.type == "float32" and order in each.orders]
    assert struct.pack(">f", found.value) == struct.pack(">f", value)
