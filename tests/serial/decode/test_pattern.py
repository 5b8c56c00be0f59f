from __future__ import annotations

from typing import Any

from adapters.serial.decode import shapes_of
from tests.serial.decode.built import INVALID, device_of, frame_of, link_of, read_by, shape_of, values_of

SCALE: dict[str, Any] = {
    "match": r"^(?P<status>ST|US),(?P<kind>GS|NT),\s*(?P<weight>[-+]?\d+\.\d+)\s*kg$",
    "points": {
        "weight": {"type": "float", "unit": "kg"},
        "stable": {"from": "status", "type": "bool", "enum": {"ST": True, "US": False}},
    },
}


def test_the_named_groups_of_a_line_are_values() -> None:
    assert values_of(shape_of(**SCALE), "ST,GS,   12.34kg") == {"weight": 12.34, "stable": True}


def test_a_line_that_does_not_fit_is_no_such_frame() -> None:
    assert read_by(shape_of(**SCALE), "ST,XX,   12.34kg") is None


def test_a_pattern_is_found_anywhere_unless_it_is_anchored() -> None:
    points = {"t": {"type": "float"}}
    assert values_of(shape_of(points, match=r"T=(?P<t>\d+)"), "boiler T=71 ok") == {"t": 71.0}
    assert read_by(shape_of(points, match=r"^T=(?P<t>\d+)"), "boiler T=71 ok") is None


def test_a_group_that_takes_no_part_is_no_value() -> None:
    shape = shape_of({"a": {"type": "int"}, "b": {"type": "int"}}, match=r"^(?P<a>\d)?,(?P<b>\d)?$")
    assert values_of(shape, "1,") == {"a": 1, "b": INVALID}


def test_the_groups_are_there_for_an_acknowledgement_that_repeats_them() -> None:
    shape = shape_of({"v": {"type": "int"}}, match=r"^#(?P<n>\d+) (?P<v>\d+)(?P<x>!)?$")
    assert shape.groups(frame_of("#007 5")) == {"n": "007", "v": "5"}
    assert shape.groups(frame_of("?")) == {}


def test_the_shapes_have_the_groups_that_the_device_has() -> None:
    messages = {
        "a": {"match": "^A(?P<x>.)", "stale_after": "1min"},
        "b": {"match": "^B(?P<y>.)", "poll": {"send": "?"}, "every": "2s"},
    }
    points = {"y": {"type": "int", "message": "b"}, "x": {"type": "string", "message": "a"}}
    device = device_of(points, messages=messages)
    shapes = shapes_of("dev", device, link_of())
    assert tuple(shape.group for shape in shapes) == device.groups("dev")
    assert [(shape.device, shape.message) for shape in shapes] == [("dev", "a"), ("dev", "b")]


def test_a_message_without_points_is_known_though_it_says_nothing() -> None:
    messages = {"a": {"match": "^A(?P<x>.)"}, "hello": {"match": "^HELLO"}}
    device = device_of({"x": {"type": "int", "message": "a"}}, messages=messages)
    _, hello = shapes_of("dev", device, link_of())
    assert read_by(hello, "HELLO 1.0") == ((), {})
    assert len(device.groups("dev")) == 1


def test_a_pattern_sees_single_bytes_but_characters_where_text_is_utf_8() -> None:
    points = {"unit": {"type": "string"}}
    assert values_of(shape_of(points, {"encoding": "utf-8"}, match="(?P<unit>.)C$"), "21 °C".encode()) == {"unit": "°"}
    assert values_of(shape_of(points, {"encoding": "latin-1"}, match="(?P<unit>°)C$"), b"21 \xb0C") == {"unit": "°"}
