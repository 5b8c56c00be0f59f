"""Numbers that are some of the bits of others, decimal digits in bits, and raw numbers that mean "no value"."""

import math
import struct
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model import Bad, BadReason, Value
from gateway.values import (
    BCD,
    FLOATS,
    SCALARS,
    Quantity,
    Spoiled,
    Unwritable,
    decode_one,
    decoder,
    encode,
    mask,
    meaning,
    numbers,
)

INTEGERS = [name for name, scalar in SCALARS.items() if scalar.form == "whole" and name not in BCD | {"bool"}]


def why_bad(quantity: Quantity, data: bytes) -> Bad:
    with pytest.raises(Spoiled) as caught:
        decode_one(quantity, data)
    return caught.value.bad


def why_refused(quantity: Quantity, value: Value) -> str:
    with pytest.raises(Unwritable) as caught:
        encode(quantity, value)
    return f"{caught.value.reason}: {caught.value}"


def significant(value: float) -> int:
    """How many digits it takes."""
    return len(Decimal(repr(value)).normalize().as_tuple().digits)


def decimals_around(exact: float, digits: int) -> list[float]:
    """The decimals of so many digits just below and above."""
    return [float(Context(digits, way).create_decimal(exact)) for way in (ROUND_DOWN, ROUND_UP)] if digits else []


def same(value: float, wire: bytes) -> bool:
    try:
        return struct.pack(">e", value) == wire
    except OverflowError:
        return False


@st.composite
def fields(draw: st.DrawFn) -> Quantity:
    """Some bits of any whole number."""
    name = draw(st.sampled_from([*INTEGERS, *BCD]))
    low, high = sorted(draw(st.tuples(*[st.integers(0, 8 * SCALARS[name].size - 1)] * 2)))
    return Quantity(name, bits=(low, high))


@given(fields(), st.data())
def test_every_number_in_some_bits_is_read_as_it_was_written(quantity: Quantity, data: st.DataObject) -> None:
    low, high = quantity.numbers
    number = data.draw(st.integers(low, high))
    wire = encode(quantity, number)
    assert decode_one(quantity, wire) == number
    assert int.from_bytes(wire, "big") & ~mask(quantity) == 0


@given(fields(), st.binary(min_size=8, max_size=8))
def test_what_was_read_from_some_bits_is_written_into_the_same(quantity: Quantity, data: bytes) -> None:
    wire = data[: SCALARS[quantity.type].size]
    try:
        value = decode_one(quantity, wire)
    except Spoiled:
        assert quantity.type in BCD
        return
    assert int.from_bytes(encode(quantity, value), "big") == int.from_bytes(wire, "big") & mask(quantity)


@given(fields())
def test_a_number_beyond_its_bits_is_refused(quantity: Quantity) -> None:
    assert why_refused(quantity, quantity.numbers[1] + 1).startswith("out-of-range: ")


def test_the_bits_of_a_negative_number_are_a_number_without_sign() -> None:
    quantity = Quantity("int16", bits=(12, 15))
    assert decode_one(quantity, b"\xf0\0") == 15
    assert encode(quantity, 15) == b"\xf0\0"


def test_bits_may_have_labels_and_a_scale() -> None:
    mode = Quantity("uint16", bits=(4, 5), labels=((0, "off"), (2, "auto")))
    assert decode_one(mode, b"\xff\xef") == "auto"
    assert encode(mode, "auto") == b"\0\x20"
    assert why_bad(mode, b"\0\x10") == Bad(BadReason.INVALID, value=1)
    assert decode_one(Quantity("uint16", 0.5, bits=(8, 15)), b"\x07\0") == 3.5
    assert encode(Quantity("uint16", 0.5, bits=(8, 15)), 3.5) == b"\x07\0"


def test_one_bit_of_a_bool_is_true_or_false() -> None:
    bit = Quantity("bool", size=2, bits=(3, 3))
    assert bit.kind == "bool"
    assert decode_one(bit, b"\0\x08") is True
    assert decode_one(bit, b"\xff\xf7") is False
    assert (encode(bit, True), encode(bit, 0), mask(bit)) == (b"\0\x08", b"\0\0", 8)


@given(st.sampled_from(sorted(BCD)), st.binary(min_size=4, max_size=4))
def test_a_bcd_is_its_hexadecimal_digits_if_they_are_decimal(name: str, data: bytes) -> None:
    wire = data[: SCALARS[name].size]
    if wire.hex().isdecimal():
        assert decode_one(Quantity(name), wire) == int(wire.hex())
        assert encode(Quantity(name), int(wire.hex())) == wire
    else:
        assert why_bad(Quantity(name), wire) == Bad(BadReason.INVALID)


def test_a_bcd_is_scaled_like_other_whole_numbers() -> None:
    assert decode_one(Quantity("bcd16", 0.1), b"\x12\x34") == 123.4
    assert encode(Quantity("bcd16", 0.1), 123.4) == b"\x12\x34"
    assert why_refused(Quantity("bcd16"), 10000) == "out-of-range: 10000 does not fit bcd16"
    assert why_refused(Quantity("bcd32"), -1) == "out-of-range: -1 does not fit bcd32"


@pytest.mark.parametrize(
    ("quantity", "wire"),
    [
        (Quantity("uint16", invalid=(65535, 0)), b"\xff\xff"),
        (Quantity("uint16", invalid=(65535, 0)), b"\0\0"),
        (Quantity("int16", 0.1, invalid=(-32768,)), b"\x80\0"),
        (Quantity("uint16", labels=((7, "on"),), invalid=(7,)), b"\0\x07"),
        (Quantity("uint16", bits=(0, 3), invalid=(65535,)), b"\xff\xff"),
        (Quantity("bcd16", invalid=(0x9999,)), b"\x99\x99"),
        (Quantity("float32", invalid=(9.96921e36,)), struct.pack(">f", 9.969209968386869e36)),
        (Quantity("float32", 2.0, invalid=(-9999.9,)), struct.pack(">f", -9999.9)),
        (Quantity("float64", invalid=(0,)), struct.pack(">d", -0.0)),
        (Quantity("float16", invalid=(65504,)), struct.pack(">e", 65504)),
    ],
    ids=str,
)
def test_a_raw_number_that_means_no_value_is_none(quantity: Quantity, wire: bytes) -> None:
    assert why_bad(quantity, wire) == Bad(BadReason.INVALID)


@pytest.mark.parametrize(
    ("quantity", "value"),
    [
        (Quantity("uint16", 0.1, invalid=(65535,)), 6553.5),
        (Quantity("float32", invalid=(-9999,)), -9999.0),
        (Quantity("float64", 10.0, invalid=(5,)), 50),
    ],
    ids=str,
)
def test_what_would_be_read_as_no_value_is_not_written(quantity: Quantity, value: Value) -> None:
    assert why_refused(quantity, value).startswith("out-of-range: ")
    assert encode(quantity._replace(invalid=()), value)


def test_invalid_numbers_do_not_spoil_others() -> None:
    assert decode_one(Quantity("uint16", invalid=(65535,)), b"\xff\xfe") == 65534
    assert decode_one(Quantity("float32", invalid=(1e30,)), struct.pack(">f", 0.1)) == 0.1


@given(
    st.sampled_from([*INTEGERS, *FLOATS, *BCD]),
    st.sampled_from([1.0, 0.1, 2.5]),
    st.integers(-10, 10),
    st.none() | st.integers(0, 3),
    st.binary(min_size=8, max_size=8),
)
def test_a_power_of_ten_on_top_of_the_scale_gives_what_a_scale_of_both_would(
    name: str, scale: float, exponent: int, decimals: int | None, data: bytes
) -> None:
    wire = data[: SCALARS[name].size]
    quantity = Quantity(name, scale, decimals=decimals, varies=True)
    read, mean = numbers(quantity), meaning(quantity.at(exponent))
    whole = Quantity(name, float(f"{scale}e{exponent}"), decimals=decimals)
    (raw,) = struct.unpack(f">{SCALARS[name].code}", wire)
    try:
        expected = decode_one(whole, wire)
    except Spoiled:
        return
    number = read(raw) if read else raw
    value = mean(number) if mean else number
    assert value == float(expected)
    assert type(value) is float
    assert quantity.kind == "float"
    assert decode_one(quantity.at(exponent), wire) == value


@given(st.integers(-32768, 32767), st.integers(-10, 10), st.sampled_from([1.0, 0.1, 2.5]))
def test_what_is_scaled_at_run_time_is_written_back_as_it_was_read(raw: int, exponent: int, scale: float) -> None:
    quantity = Quantity("int16", scale, varies=True).at(exponent)
    wire = struct.pack(">h", raw)
    assert encode(quantity, decode_one(quantity, wire)) == wire


@given(st.integers(0, 65535))
def test_every_float16_is_the_shortest_decimal_that_gives_it_back(word: int) -> None:
    wire = word.to_bytes(2, "big")
    (exact,) = struct.unpack(">e", wire)
    if not math.isfinite(exact):
        return
    value = decode_one(Quantity("float16"), wire)
    assert isinstance(value, float)
    assert encode(Quantity("float16"), value) == wire
    assert not any(same(shorter, wire) for shorter in decimals_around(exact, significant(value) - 1))
    assert str(value).startswith("-") == (word > 0x7FFF)


@pytest.mark.parametrize(("value", "text"), [(0.1, "0.1"), (21.7, "21.7"), (65504.0, "65500.0"), (-2.5, "-2.5")])
def test_a_float16_is_shown_as_people_mean_it(value: float, text: str) -> None:
    assert repr(decode_one(Quantity("float16"), struct.pack(">e", value))) == text


def test_a_float16_is_not_written_beyond_its_range() -> None:
    assert why_refused(Quantity("float16"), 65520) == "out-of-range: 65520 does not fit float16"


@pytest.mark.parametrize("raw", [2**63 - 1, -(2**63), 2**53 + 1])
def test_a_long_integer_keeps_every_digit(raw: int) -> None:
    wire = struct.pack(">q", raw)
    assert decode_one(Quantity("int64"), wire) == raw
    assert encode(Quantity("int64"), raw) == wire


def test_numbers_alike_share_one_decoder() -> None:
    alike = [Quantity("uint16", 0.1, bits=(1, 5), invalid=(65535,)) for _ in range(2)]
    assert decoder(alike[0]) is decoder(alike[1])
    assert numbers(alike[0]) is numbers(alike[1]._replace(scale=0.5))
