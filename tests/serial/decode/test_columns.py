from __future__ import annotations

from typing import Any

from tests.serial.decode.built import DECODE_ERROR, INVALID, read_by, shape_of, values_of

POINTS: dict[str, Any] = {"t": {"from": 2, "type": "float"}, "id": {"from": 1, "type": "string"}}


def columns(points: dict[str, Any], **keys: Any) -> Any:
    match = {"match": keys.pop("match")} if "match" in keys else {}
    return shape_of(points, decode={"type": "columns", **keys}, **match)


def test_columns_by_number_from_one() -> None:
    assert values_of(columns(POINTS), " A7 , 21.5,x") == {"t": 21.5, "id": "A7"}


def test_columns_by_name() -> None:
    shape = columns({"h": {"type": "int"}, "t": {"type": "float"}}, names=["t", "h"], delimiter=";")
    assert values_of(shape, "21.5;40") == {"h": 40, "t": 21.5}


def test_an_empty_column_is_no_value() -> None:
    assert values_of(columns(POINTS), "A7,") == {"t": INVALID, "id": "A7"}


def test_what_has_fewer_columns_is_no_such_frame() -> None:
    assert read_by(columns(POINTS), "READY") is None


def test_what_fits_the_match_and_has_fewer_columns_is_a_decode_error() -> None:
    shape = columns(POINTS, match="^A")
    assert values_of(shape, "A7") == {"t": DECODE_ERROR, "id": "A7"}
    assert read_by(shape, "B7,21.5") is None


def test_blanks_between_columns_may_be_many() -> None:
    assert values_of(columns(POINTS, delimiter=" "), "  A7    21.5") == {"t": 21.5, "id": "A7"}


def test_a_tab_is_one_delimiter() -> None:
    assert values_of(columns(POINTS, delimiter="\t"), "A7\t\t21.5") == {"t": INVALID, "id": "A7"}


def test_a_delimiter_within_quotes_does_not_move_the_columns() -> None:
    assert values_of(columns(POINTS), '"A,""7""",21.5') == {"t": 21.5, "id": 'A,"7"'}


def test_a_quote_that_nobody_closes_is_a_character() -> None:
    assert values_of(columns(POINTS), 'A"7,21.5') == {"t": 21.5, "id": 'A"7'}
