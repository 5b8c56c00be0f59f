from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.serial.framing.frame import Frame
from gateway.model import Bad, BadReason
from gateway.values import SCALARS, Order, Quantity, arrange, encode
from tests.serial.decode.built import DECODE_ERROR, INVALID, read_by, shape_of, values_of
from tests.support.examples import examples


def value_of(data: str, **point: Any) -> Any:
    return values_of(shape_of({"x": point}), bytes.fromhex(data))["x"]


def test_fields_by_their_places_counted_in_the_whole_frame() -> None:
    shape = shape_of(
        {
            "t": {"at": 3, "type": "int16", "scale": 0.1},
            "state": {"at": 2, "type": "uint8", "enum": {2: "run", 3: "stop"}},
            "last": {"at": -2, "type": "uint8"},
        }
    )
    frame = Frame(bytes.fromhex("AA0402 00D7 09 FF"), b"other")
    assert shape.read(frame) == ((21.5, "run", 9), {})


@pytest.mark.parametrize(
    ("order", "data"), [("ABCD", "0001E240"), ("DCBA", "40E20100"), ("CDAB", "E2400001"), ("BADC", "010040E2")]
)
def test_byte_orders(order: str, data: str) -> None:
    assert value_of(data, at=0, type="uint32", order=order) == 123456


def test_two_bytes_are_swapped_under_badc_and_dcba() -> None:
    values = {order: value_of("0102", at=0, type="uint16", order=order) for order in ("ABCD", "CDAB", "BADC", "DCBA")}
    assert values == {"ABCD": 0x0102, "CDAB": 0x0102, "BADC": 0x0201, "DCBA": 0x0201}


def test_points_that_share_bytes_each_have_their_bits() -> None:
    shape = shape_of(
        {
            "door": {"at": 1, "type": "bool", "bits": 3},
            "fan": {"at": 1, "type": "bool", "bits": 0},
            "level": {"at": 1, "type": "uint8", "bits": "4..7"},
            "word": {"at": 0, "type": "uint16"},
            "first": {"at": 0, "type": "uint8"},
        }
    )
    assert values_of(shape, b"\x01\xa8") == {"door": True, "fan": False, "level": 10, "word": 0x01A8, "first": 1}


def test_points_in_one_frame_may_have_different_orders() -> None:
    shape = shape_of({"a": {"at": 0, "type": "uint16"}, "b": {"at": 2, "type": "uint16", "order": "DCBA"}})
    assert values_of(shape, b"\x01\x02\x01\x02") == {"a": 0x0102, "b": 0x0201}


def test_what_a_frame_is_too_short_for_is_a_decode_error() -> None:
    shape = shape_of(
        {"a": {"at": 0, "type": "uint8"}, "b": {"at": 1, "type": "uint16"}, "c": {"at": -3, "type": "int8"}}
    )
    assert values_of(shape, b"\x01\x02") == {"a": 1, "b": DECODE_ERROR, "c": DECODE_ERROR}


def test_texts_and_bytes() -> None:
    assert value_of("41422000", at=0, type="string", length=4) == "AB"
    assert value_of("C3A4", at=0, type="string", length=2, encoding="utf-8") == "ä"
    assert value_of("C3A4", at=0, type="string", length=2) == DECODE_ERROR
    assert value_of("01AF", at=0, type="bytes", length=2) == "01af"
    assert value_of("42414443", at=0, type="string", length=4, order="BADC") == "ABCD"


def test_labels_and_missing_values_of_texts() -> None:
    point = {"at": 0, "type": "string", "length": 1, "enum": {"A": "auto", "M": "manual"}, "invalid": ["?"]}
    assert value_of("41", **point) == "auto"
    assert value_of("42", **point) == Bad(BadReason.INVALID, value="B")
    assert value_of("3F", **point) == INVALID


def test_raw_numbers_that_mean_no_value() -> None:
    assert value_of("7FFF", at=0, type="int16", invalid=[0x7FFF]) == INVALID
    assert value_of("7FC00000", at=0, type="float32") == INVALID


def test_range() -> None:
    assert value_of("FF", at=0, type="uint8", range=[0, 100]) == Bad(BadReason.OUT_OF_RANGE, value=255)


def test_messages_are_told_apart_by_bytes_at_a_place() -> None:
    match = [{"at": 0, "is": {"hex": "AA"}}, {"at": -2, "is": "OK"}]
    shape = shape_of({"x": {"at": 1, "type": "uint8"}}, match=match)
    assert values_of(shape, b"\xaa\x07OK") == {"x": 7}
    assert read_by(shape, b"\xab\x07OK") is None
    assert read_by(shape, b"\xaa\x07NO") is None
    assert read_by(shape, b"\xaaO") is None


def test_a_mark_beyond_a_short_frame_is_not_there() -> None:
    shape = shape_of({"x": {"at": 0, "type": "uint8"}}, match=[{"at": -3, "is": "A"}])
    assert read_by(shape, b"A") is None
    assert values_of(shape, b"AA\x01") == {"x": 65}


def test_layouts_are_kept_for_few_lengths() -> None:
    shape = shape_of({"x": {"at": -1, "type": "uint8"}})
    for length in range(1, 200):
        assert values_of(shape, bytes(length - 1) + b"\x07") == {"x": 7}
    assert len(shape._layouts._layouts) <= 64  # type: ignore[attr-defined]


SCALAR = st.sampled_from([name for name, scalar in SCALARS.items() if not scalar.is_text and name != "bool"])


@settings(max_examples=examples(40))
@given(
    st.lists(st.tuples(SCALAR, st.sampled_from(["ABCD", "CDAB", "BADC", "DCBA"])), min_size=1, max_size=6), st.data()
)
def test_what_is_encoded_is_decoded(fields: list[tuple[str, Order]], data: st.DataObject) -> None:
    frame = b""
    points: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for index, (name, order) in enumerate(fields):
        scalar = SCALARS[name]
        value = data.draw(
            st.integers(-100, 100).map(float) if scalar.is_float else st.integers(scalar.low, scalar.high)
        )
        frame += data.draw(st.binary(max_size=2))
        points[f"p{index}"] = {"at": len(frame), "type": name, "order": order}
        values[f"p{index}"] = value
        octets = encode(Quantity(name), value)
        frame += arrange(octets, order) if len(octets) > 1 else octets
    names = data.draw(st.permutations(list(points)))
    shape = shape_of({name: points[name] for name in names})
    assert values_of(shape, frame) == values
