import contextlib
import math
import struct
from decimal import Decimal
from fractions import Fraction
from typing import get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateway.model import Bad, BadReason, Value
from gateway.values import (
    BCD,
    FLOATS,
    SCALARS,
    Order,
    Quantity,
    Spoiled,
    Unwritable,
    arrange,
    decode_one,
    decoder,
    encode,
)

NUMBERS = [name for name, scalar in SCALARS.items() if not scalar.is_text]
INTEGERS = [name for name in NUMBERS if name not in FLOATS and name != "bool"]
SCALES = st.sampled_from([1.0, 10.0, 0.1, 0.01, 0.5, 0.25, 2.0, -0.1, 0.001, 1000.0, 0.3, 1e-6])
OFFSETS = st.sampled_from([0.0, -273.15, 100.0, 0.5, -40.0])


def raws(name: str) -> st.SearchStrategy[int]:
    return st.integers(SCALARS[name].low, SCALARS[name].high)


def packed(name: str, raw: int) -> bytes:
    return struct.pack(f">{SCALARS[name].code}", int(str(raw), 16) if name in BCD else raw)


def spoiled(quantity: Quantity, data: bytes) -> Bad:
    with pytest.raises(Spoiled) as caught:
        decode_one(quantity, data)
    return caught.value.bad


@given(st.sampled_from(INTEGERS).flatmap(lambda name: st.tuples(st.just(name), raws(name))), SCALES, OFFSETS)
def test_every_scaled_integer_is_written_back_as_it_was_read(
    kind: tuple[str, int], scale: float, offset: float
) -> None:
    name, raw = kind
    assume(abs(raw) < 2**45)  # beyond, a double holds no further decimals
    quantity = Quantity(name, scale, offset)
    assert encode(quantity, decode_one(quantity, packed(name, raw))) == packed(name, raw)


@given(st.sampled_from(INTEGERS).flatmap(lambda name: st.tuples(st.just(name), raws(name))))
def test_every_plain_integer_stays_an_integer(kind: tuple[str, int]) -> None:
    name, raw = kind
    value = decode_one(Quantity(name), packed(name, raw))
    assert (type(value), value) == (int, raw)
    assert encode(Quantity(name), value) == packed(name, raw)


@given(raws("int32"), SCALES, OFFSETS)
def test_a_scaled_integer_is_the_double_nearest_to_the_exact_product(raw: int, scale: float, offset: float) -> None:
    exact = raw * Fraction(Decimal(repr(scale))) + Fraction(Decimal(repr(offset)))
    assert decode_one(Quantity("int32", scale, offset), packed("int32", raw)) == float(exact)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_is_written_back_as_it_was_read(value: float) -> None:
    assert decode_one(Quantity("float64"), encode(Quantity("float64"), value)) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_float32_is_written_back_as_it_was_read(value: float) -> None:
    data = struct.pack(">f", value)
    assert encode(Quantity("float32"), decode_one(Quantity("float32"), data)) == data


@given(st.binary(min_size=1, max_size=4).map(lambda half: half * 2), st.sampled_from(get_args(Order)))
def test_every_order_undoes_itself(data: bytes, order: Order) -> None:
    assert arrange(arrange(data, order), order) == data


@pytest.mark.parametrize(("order", "wire"), [("ABCD", "ABCD"), ("CDAB", "CDAB"), ("BADC", "BADC"), ("DCBA", "DCBA")])
def test_an_order_is_how_the_bytes_arrive(order: Order, wire: str) -> None:
    assert arrange(b"ABCD", order) == wire.encode()


def test_orders_work_on_whole_registers() -> None:
    assert [arrange(b"AB", order) for order in get_args(Order)] == [b"AB", b"AB", b"BA", b"BA"]
    assert arrange(b"ABCDEFGH", "CDAB") == b"GHEFCDAB"
    assert arrange(b"ABCDEFGH", "BADC") == b"BADCFEHG"


@pytest.mark.parametrize(
    ("raw", "scale", "decimals", "text"),
    [(217, 0.1, None, "21.7"), (3, 0.1, None, "0.3"), (217, 10.0, None, "2170"), (2175, 0.01, 1, "21.8"),
     (215, 0.1, 0, "22"), (-3, 0.1, None, "-0.3"), (7, 0.25, None, "1.75"), (217, 1.0, 3, "217")],
)  # fmt: skip
def test_rounding_follows_the_scale(raw: int, scale: float, decimals: int | None, text: str) -> None:
    assert repr(decode_one(Quantity("int16", scale, decimals=decimals), packed("int16", raw))) == text


@pytest.mark.parametrize(("value", "raw"), [(0.3, 3), (21.7, 217), (21.74, 217), (21.76, 218), (-0.3, -3), (22, 220)])
def test_a_write_takes_the_nearest_raw_value(value: float, raw: int) -> None:
    assert encode(Quantity("int16", 0.1), value) == packed("int16", raw)


@pytest.mark.parametrize(
    ("quantity", "value", "reason"),
    [
        (Quantity("int16", 0.1), 3276.76, "out-of-range"),
        (Quantity("uint16"), -0.51, "out-of-range"),
        (Quantity("uint16"), 65535.51, "out-of-range"),
        (Quantity("uint8"), 256, "out-of-range"),
        (Quantity("float32"), 1e39, "out-of-range"),
        (Quantity("float64", scale=1e-300), 1e300, "out-of-range"),
        (Quantity("float64"), math.nan, "out-of-range"),
        (Quantity("int16"), math.inf, "out-of-range"),
        (Quantity("int16", low=20, high=80), 80.5, "out-of-range"),
        (Quantity("int16"), True, "malformed"),
        (Quantity("int16"), "7", "malformed"),
        (Quantity("bool"), 2, "malformed"),
        (Quantity("bool"), "on", "malformed"),
        (Quantity("bool"), 1.0, "malformed"),
        (Quantity("uint16", labels=((0, "off"),)), "on", "out-of-range"),
        (Quantity("uint16", labels=((0, "off"),)), 0, "out-of-range"),
        (Quantity("uint16", labels=((0, False), (1, True))), 1, "out-of-range"),
    ],
)
def test_what_a_point_cannot_hold_is_refused(quantity: Quantity, value: Value, reason: str) -> None:
    with pytest.raises(Unwritable) as caught:
        encode(quantity, value)
    assert caught.value.reason == reason


HUGE = [10**308, 10**309, -(10**400), 10**5000, 1e308, -1.7976931348623157e308]


@pytest.mark.parametrize("value", HUGE, ids=["1e308", "1e309", "-1e400", "1e5000", "float", "-float"])
@pytest.mark.parametrize(
    "quantity",
    [
        Quantity("int16"),
        Quantity("uint64", scale=0.001, offset=-5),
        Quantity("float32"),
        Quantity("float32", scale=1e-300),
        Quantity("int16", low=20, high=80),
        Quantity("uint16", labels=((0, "off"), (1, "on"))),
        Quantity("bool"),
    ],
    ids=str,
)
def test_a_number_of_any_size_is_refused_in_few_words(quantity: Quantity, value: Value) -> None:
    with pytest.raises(Unwritable) as caught:
        encode(quantity, value)
    assert caught.value.reason == ("malformed" if quantity.type == "bool" else "out-of-range")
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("quantity", [Quantity("int16"), Quantity("bool"), Quantity("uint16", labels=((0, "off"),))])
def test_a_text_of_any_length_is_refused_in_few_words(quantity: Quantity) -> None:
    with pytest.raises(Unwritable) as caught:
        encode(quantity, "x" * 60_000)
    assert len(str(caught.value)) < 200


@given(
    st.sampled_from(NUMBERS),
    SCALES,
    OFFSETS,
    st.booleans() | st.integers() | st.integers(-(10**400), 10**400) | st.floats() | st.text(),
)
def test_whatever_is_to_be_written_there_are_bytes_or_a_reason(
    name: str, scale: float, offset: float, value: Value
) -> None:
    quantity = Quantity(name) if name == "bool" else Quantity(name, scale, offset)
    with contextlib.suppress(Unwritable):
        assert len(encode(quantity, value)) == SCALARS[name].size


@pytest.mark.parametrize("value", [32767.4, -32768.4])
def test_the_ends_of_a_type_reach_half_a_step_further(value: float) -> None:
    assert encode(Quantity("int16"), value) == packed("int16", round(value))


@pytest.mark.parametrize("value", [True, 1])
def test_a_bool_is_written_as_true_or_as_one(value: Value) -> None:
    assert encode(Quantity("bool"), value) == b"\x01"


def test_labels_are_read_and_written() -> None:
    mode = Quantity("uint16", labels=((0, "off"), (2, "auto")))
    assert decode_one(mode, b"\0\2") == "auto"
    assert encode(mode, "auto") == b"\0\2"
    assert spoiled(mode, b"\0\1") == Bad(BadReason.INVALID, value=1)


def test_labels_that_look_alike_stay_apart() -> None:
    truth, number = (Quantity("uint16", labels=((1, label),)) for label in (True, 1))
    assert decode_one(truth, b"\0\1") is True
    assert type(decode_one(number, b"\0\1")) is int


@pytest.mark.parametrize(("raw", "good"), [(19, False), (20, True), (80, True), (81, False)])
def test_a_value_outside_its_range_is_bad(raw: int, good: bool) -> None:
    quantity = Quantity("int16", low=20, high=80)
    if good:
        assert decode_one(quantity, packed("int16", raw)) == raw
    else:
        assert spoiled(quantity, packed("int16", raw)) == Bad(BadReason.OUT_OF_RANGE, value=raw)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("name", "code"), [("float16", ">e"), ("float32", ">f"), ("float64", ">d")])
def test_what_is_not_finite_is_never_a_value(number: float, name: str, code: str) -> None:
    for quantity in (Quantity(name), Quantity(name, 0.1), Quantity(name, decimals=1), Quantity(name, low=0, high=1)):
        assert spoiled(quantity, struct.pack(code, number)) == Bad(BadReason.INVALID)


def test_a_product_that_overflows_is_never_a_value() -> None:
    assert spoiled(Quantity("float64", scale=1e10), struct.pack(">d", 1e300)) == Bad(BadReason.INVALID)


def test_a_scaled_float_shows_no_noise() -> None:
    assert decode_one(Quantity("float32", 0.1), struct.pack(">f", 21.7)) == 2.17
    assert decode_one(Quantity("float32", decimals=1), struct.pack(">f", 21.7499)) == 21.7


@given(st.sampled_from(NUMBERS), SCALES, OFFSETS, st.none() | st.integers(0, 3), st.binary(min_size=8, max_size=8))
def test_every_value_is_of_the_kind_that_was_announced(
    name: str, scale: float, offset: float, decimals: int | None, data: bytes
) -> None:
    quantity = Quantity(name) if name == "bool" else Quantity(name, scale, offset, decimals)
    try:
        value = decode_one(quantity, data[: SCALARS[name].size])
    except Spoiled:
        return
    assert type(value) is {"int": int, "float": float, "bool": bool}[quantity.kind]


def test_plain_integers_need_no_decoding() -> None:
    assert decoder(Quantity("uint16")) is None
    assert decoder(Quantity("int64", decimals=2)) is None
