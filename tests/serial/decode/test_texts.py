from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Bad, BadReason
from tests.serial.decode.built import DECODE_ERROR, INVALID, OUT_OF_RANGE, shape_of, values_of


def value_of(text: str | bytes, link: dict[str, Any] | None = None, **point: Any) -> Any:
    return values_of(shape_of({"x": point}, link, match="(?s)^(?P<x>.*)$"), text)["x"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.34", 12.34),
        ("  12.34 ", 12.34),
        ("+12.3", 12.3),
        ("+    12.3", 12.3),
        (" -\t 0.5", -0.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.5E-3", 0.0015),
        ("000123", 123.0),
    ],
)
def test_a_float_is_what_instruments_print(text: str, value: float) -> None:
    assert value_of(text, type="float") == value


@pytest.mark.parametrize("text", ["1_000", "nan", "inf", "0x10", "1,5", "1.2.3", "--1", "- -1", "1 2", "12.3kg", "+"])
def test_what_python_or_nobody_takes_for_a_number_is_none(text: str) -> None:
    assert value_of(text, type="float") == DECODE_ERROR


@pytest.mark.parametrize("kind", ["float", "int", "bool"])
def test_blanks_are_no_value(kind: str) -> None:
    assert value_of("   ", type=kind) == INVALID
    assert value_of("", type=kind) == INVALID


def test_a_number_beyond_all_doubles_is_no_value() -> None:
    assert value_of("1e999", type="float") == INVALID


def test_a_decimal_comma() -> None:
    assert value_of("-12,5", type="float", decimal=",") == -12.5
    assert value_of("-12.5", type="float", decimal=",") == DECODE_ERROR
    assert value_of("1.234,5", type="float", decimal=",") == DECODE_ERROR


def test_scale_and_offset_round_as_everywhere() -> None:
    assert value_of("217", type="int", scale=0.1) == 21.7
    assert value_of("+ 217", type="int", scale=0.1, offset=-40) == -18.3
    assert value_of("0.3", type="float", scale=3) == 0.9
    assert value_of("21.456", type="float", decimals=1) == 21.5


def test_a_value_outside_its_range_is_bad() -> None:
    assert value_of("151.2", type="float", range=[-40, 150]) == Bad(BadReason.OUT_OF_RANGE, value=151.2)


@pytest.mark.parametrize(
    ("text", "base", "value"), [("1f", 16, 31), ("FF", 16, 255), ("101", 2, 5), ("17", 8, 15), ("007", 10, 7)]
)
def test_an_int_in_its_base(text: str, base: int, value: int) -> None:
    assert value_of(text, type="int", base=base) == value


@pytest.mark.parametrize(("text", "base"), [("0x1f", 16), ("12", 2), ("9", 8), ("1.0", 10), ("1_0", 10), ("1e3", 10)])
def test_what_is_no_int_in_its_base(text: str, base: int) -> None:
    assert value_of(text, type="int", base=base) == DECODE_ERROR


def test_an_int_has_64_bits_at_most() -> None:
    assert value_of(str(2**64 - 1), type="int") == 2**64 - 1
    assert value_of(str(2**64), type="int") == DECODE_ERROR
    assert value_of(str(-(2**63)), type="int") == -(2**63)
    assert value_of(str(-(2**63) - 1), type="int") == DECODE_ERROR
    assert value_of("9" * 5000, type="int") == DECODE_ERROR


def test_bits_of_a_status_word_in_hex() -> None:
    assert value_of("A4", type="int", base=16, bits="4..7") == 10
    assert value_of("A4", type="bool", base=16, bits=2) is True
    assert value_of("A4", type="bool", base=16, bits=0) is False


@pytest.mark.parametrize(("text", "value"), [("1", True), ("0", False), ("On", True), (" no ", False), ("TRUE", True)])
def test_a_bool_in_words(text: str, value: bool) -> None:
    assert value_of(text, type="bool") is value


def test_a_bool_is_nothing_else() -> None:
    assert value_of("2", type="bool") == DECODE_ERROR


def test_labels_by_text_and_by_number() -> None:
    enum = {"ST": "stable", "US": "unstable", 7: "seven"}
    assert value_of(" ST ", type="string", enum=enum) == "stable"
    assert value_of("007", type="string", enum=enum) == "seven"
    assert value_of("8", type="int", enum={7: "seven"}) == Bad(BadReason.INVALID, value=8)
    assert value_of("XX", type="string", enum={"ST": "stable"}) == Bad(BadReason.INVALID, value="XX")
    assert value_of("C3", type="int", base=16, bits="6..7", enum={3: "both"}) == "both"


def test_a_label_that_is_false_is_a_value() -> None:
    assert value_of("US", type="bool", enum={"ST": True, "US": False}) is False
    assert value_of("0", type="bool", enum={1: True, 0: False}) is False


def test_a_long_unknown_text_is_not_repeated() -> None:
    assert value_of("X" * 65, type="string", enum={"ST": "stable"}) == INVALID


def test_texts_and_numbers_that_mean_that_there_is_no_value() -> None:
    assert value_of(" ----- ", type="float", invalid=["-----", "OL"]) == INVALID
    assert value_of("9999.0", type="float", invalid=[9999]) == INVALID
    assert value_of("9999", type="int", scale=0.1, invalid=[9999]) == INVALID
    assert value_of("-----", type="string", invalid=["-----"]) == INVALID
    assert value_of("255", type="int", enum={1: "on"}, invalid=[255]) == INVALID


def test_a_string_is_text_of_the_links_encoding() -> None:
    assert value_of(" 007 ", type="string") == " 007 "
    assert value_of(b"\xb0C", {"encoding": "latin-1"}, type="string") == "°C"
    assert value_of("°C".encode(), {"encoding": "utf-8"}, type="string") == "°C"
    assert value_of(b"\xb0C", type="string") == DECODE_ERROR


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_comes_back(number: float) -> None:
    assert value_of(repr(number), type="float") == number


@given(st.integers(-(2**63), 2**64 - 1), st.sampled_from([(2, "b"), (8, "o"), (10, "d"), (16, "X")]))
def test_every_int_comes_back(number: int, base: tuple[int, str]) -> None:
    assert value_of(f"{number:{base[1]}}", type="int", base=base[0]) == number


@given(st.binary(max_size=24), st.sampled_from(["float", "int", "bool", "string"]))
def test_whatever_comes_is_a_value_of_its_kind_or_bad(text: bytes, kind: str) -> None:
    value = value_of(text, type=kind)
    assert value in (DECODE_ERROR, INVALID, OUT_OF_RANGE) or isinstance(
        value, {"float": float, "int": int, "bool": bool, "string": str}[kind]
    )
