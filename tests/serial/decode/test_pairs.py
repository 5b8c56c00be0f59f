from __future__ import annotations

from typing import Any

from tests.serial.decode.built import DECODE_ERROR, INVALID, read_by, shape_of, values_of

POINTS: dict[str, Any] = {"t": {"from": "T", "type": "float"}, "H": {"type": "int"}}


def pairs(points: dict[str, Any], **keys: Any) -> Any:
    return shape_of(points, decode={"type": "key-value", **keys})


def test_values_by_key_in_any_order() -> None:
    assert values_of(pairs(POINTS), "H=40; T = 21.5 ;X=1") == {"t": 21.5, "H": 40}


def test_a_key_that_is_missing_is_a_decode_error_and_an_empty_one_no_value() -> None:
    assert values_of(pairs(POINTS), "T=21.5") == {"t": 21.5, "H": DECODE_ERROR}
    assert values_of(pairs(POINTS), "T=21.5;H=") == {"t": 21.5, "H": INVALID}


def test_what_has_none_of_the_keys_is_no_such_frame() -> None:
    assert read_by(pairs(POINTS), "X=1;Y=2") is None


def test_a_key_that_says_two_things_says_nothing() -> None:
    assert values_of(pairs(POINTS), "T=21.5;H=40;T=22.5") == {"t": DECODE_ERROR, "H": 40}


def test_other_marks_between_pairs_and_within_them() -> None:
    shape = pairs(POINTS, separator=" ", equals=":")
    assert values_of(shape, "T:21.5   H:40") == {"t": 21.5, "H": 40}
