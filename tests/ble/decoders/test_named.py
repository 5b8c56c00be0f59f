from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.config import BlePoint
from adapters.ble.decoders.named import NamedReader
from gateway.model import Bad, BadReason, Value
from gateway.values import Reading

KINDS = {"float": float, "int": int, "bool": bool, "string": str}
VALUES = st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


def read(told: dict[str, Value], **points: dict[str, Any]) -> Reading:
    return NamedReader({name: BlePoint.model_validate(point) for name, point in points.items()}).read(told)


def one(value: Value, **point: Any) -> Value | Bad | None:
    reading = read({"it": value}, it=point)
    return reading.bad.get("it", reading.values[0])


def test_points_take_what_is_called_like_them_or_as_they_say() -> None:
    told: dict[str, Value] = {"temperature": 21.5, "battery": 90, "other": True}
    points: dict[str, Any] = {"battery": {"type": "int"}, "warmth": {"type": "float", "from": "temperature"}}
    assert read(told, **points) == ((90, 21.5), {})


def test_what_is_not_told_is_neither_a_value_nor_bad() -> None:
    assert read({"a": 1}, a={"type": "int"}, b={"type": "int"}) == ((1, None), {})


@pytest.mark.parametrize(
    ("value", "point", "wanted"),
    [
        (20, {"type": "float"}, 20.0),
        (217, {"type": "int", "scale": 0.1}, 21.7),
        (21.57, {"type": "float", "decimals": 1}, 21.6),
        (20.0, {"type": "float", "scale": 1.8, "offset": 32}, 68.0),
        (2, {"type": "int", "enum": {1: "on", 2: "auto"}}, "auto"),
        (True, {"type": "bool", "enum": {0: "shut", 1: "open"}}, "open"),
        ("press", {"type": "string", "enum": {"press": 1, "hold": 2}}, 1),
        (3, {"type": "int", "enum": {1: "on"}}, Bad(BadReason.INVALID, value=3)),
        (99.0, {"type": "float", "range": [0, 50]}, Bad(BadReason.OUT_OF_RANGE, value=99.0)),
        (21.5, {"type": "int"}, Bad(BadReason.DECODE_ERROR)),
        (True, {"type": "int"}, Bad(BadReason.DECODE_ERROR)),
        (1, {"type": "bool"}, Bad(BadReason.DECODE_ERROR)),
        (1, {"type": "string"}, Bad(BadReason.DECODE_ERROR)),
        ("1", {"type": "float"}, Bad(BadReason.DECODE_ERROR)),
        (float("nan"), {"type": "float"}, Bad(BadReason.DECODE_ERROR)),
    ],
)
def test_a_value_becomes_what_the_point_says(value: Value, point: dict[str, Any], wanted: Value | Bad) -> None:
    got = one(value, **point)
    assert (got, type(got)) == (wanted, type(wanted))


def test_one_bad_value_leaves_the_others_good() -> None:
    assert read({"a": "x", "b": 2}, a={"type": "int"}, b={"type": "int"}) == (
        (None, 2),
        {"a": Bad(BadReason.DECODE_ERROR)},
    )


@given(st.sampled_from(sorted(KINDS)), VALUES)
def test_whatever_is_told_a_value_is_of_the_points_type_or_bad(kind: str, value: Value) -> None:
    got = one(value, type=kind)
    assert type(got) is KINDS[kind] or got == Bad(BadReason.DECODE_ERROR)
