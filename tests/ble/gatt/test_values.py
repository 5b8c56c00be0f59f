from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ble.config import BleDevice, BlePoint
from adapters.ble.gatt.puts import Unfitting, merged, put_of
from adapters.ble.gatt.values import Contents
from gateway.adapter import Rejected
from gateway.model import Bad, BadReason, Value

OWN = "0000fff1-0000-1000-8000-00805f9b34fb"


def points(**given: Any) -> dict[str, BlePoint]:
    told = {name: {"characteristic": OWN, **point} for name, point in given.items()}
    device = BleDevice.model_validate({"link": "r", "address": "AA:BB:CC:DD:EE:FF", "points": told})
    return dict(device.points)


def put(given: dict[str, Any], value: Value, found: bytes | None = None) -> bytes:
    (point,) = points(x={"writable": True, **given}).values()
    return put_of("x", point, value).into(found)


def read(data: bytes, **given: Any) -> dict[str, Any]:
    contents = Contents(points(**given))
    values, bad = contents.read(data)
    return {name: value if value is not None else bad[name] for name, value in zip(given, values, strict=True)}


def test_several_points_stand_in_one_characteristic() -> None:
    data = bytes.fromhex("d700 05 2a")
    assert read(
        data,
        t={"at": 0, "type": "int16", "order": "DCBA", "scale": 0.1},
        door={"at": 2, "type": "bool", "bits": 0},
        fan={"at": 2, "type": "bool", "bits": 1},
        last={"at": -1, "type": "uint8"},
    ) == {"t": 21.5, "door": True, "fan": False, "last": 42}


def test_a_characteristic_that_is_one_value_needs_no_place() -> None:
    assert read(b"\x2a\x00", x={"type": "uint16", "order": "DCBA"}) == {"x": 42}


def test_a_text_without_length_goes_on_to_the_end() -> None:
    assert read(b"\x01fieldgate", x={"type": "string", "at": 1}, y={"type": "bytes", "at": -2}) == {
        "x": "fieldgate",
        "y": "7465",
    }


def test_a_standard_format_says_its_value_and_unit_by_itself() -> None:
    (point,) = points(x={"characteristic": "temperature"}).values()
    assert point.unit == "°C"
    assert Contents({"x": point}).read(bytes.fromhex("6608")).values == (21.5,)


def test_what_a_standard_format_calls_not_known_is_invalid() -> None:
    assert read(b"\x00\x80", x={"characteristic": "temperature"}) == {"x": Bad(BadReason.INVALID)}


@pytest.mark.parametrize("data", [b"", b"\x01", b"\x01\x02\x03"])
def test_bytes_of_another_length_than_the_standard_format_are_an_error(data: bytes) -> None:
    assert read(data, x={"characteristic": "temperature"}) == {"x": Bad(BadReason.DECODE_ERROR)}


def test_too_few_bytes_spoil_only_what_stands_beyond() -> None:
    found = read(b"\x01", a={"at": 0, "type": "uint8"}, b={"at": 1, "type": "uint8"})
    assert found == {"a": 1, "b": Bad(BadReason.DECODE_ERROR)}


def test_a_value_is_written_whole_where_it_is_all_there_is() -> None:
    assert put({"type": "int16", "order": "DCBA", "scale": 0.1}, 21.5) == bytes.fromhex("d700")


def test_what_stands_beside_a_field_stays() -> None:
    assert put({"type": "uint8", "at": 1}, 9, b"\x01\x02\x03") == b"\x01\x09\x03"


def test_other_bits_stay() -> None:
    assert put({"type": "bool", "bits": 2}, True, b"\x81") == b"\x85"
    assert put({"type": "uint16", "bits": "4..7", "order": "DCBA", "at": 0}, 3, b"\xff\xff") == b"\x3f\xff"


def test_several_points_go_into_one_write() -> None:
    known = points(a={"at": 0, "type": "uint8", "writable": True}, b={"at": 2, "type": "uint8", "writable": True})
    puts = [put_of(name, point, 7) for name, point in known.items()]
    assert merged(puts, b"\x01\x02\x03") == b"\x07\x02\x07"


def test_a_field_beyond_what_the_device_has_is_not_written() -> None:
    with pytest.raises(Unfitting, match="the device has 1 byte there"):
        put({"type": "uint16", "at": 1}, 9, b"\x01")


def test_a_text_without_length_replaces_all_to_the_end() -> None:
    assert put({"type": "string", "at": 1}, "ab", b"\x01long ago") == b"\x01ab"
    assert put({"type": "bytes"}, "c0ffee") == b"\xc0\xff\xee"


def test_an_enum_is_written_by_its_label() -> None:
    assert put({"type": "uint8", "enum": {0: "locked", 1: "open"}}, "open") == b"\x01"
    assert put({"type": "string", "enum": {"L": "locked", "O": "open"}}, "open") == b"O"


@pytest.mark.parametrize(
    ("point", "value", "reason"),
    [
        ({"type": "uint8"}, 256, "out-of-range"),
        ({"type": "uint8"}, "x", "malformed"),
        ({"type": "uint8", "enum": {0: "locked"}}, "open", "out-of-range"),
        ({"type": "string", "enum": {"L": "locked"}}, "open", "out-of-range"),
        ({"type": "string", "length": 2}, "abc", "malformed"),
        ({"type": "string"}, "ä", "malformed"),
        ({"type": "bytes"}, "xyz", "malformed"),
        ({"type": "uint8", "invalid": [255]}, 255, "out-of-range"),
        ({"type": "int16", "scale": 0.1, "writable": {"max": 50}}, 50.06, "out-of-range"),
        ({"type": "int16", "writable": False}, 1, "not-writable"),
    ],
)
def test_what_can_not_be_held_is_refused(point: dict[str, Any], value: Value, reason: str) -> None:
    with pytest.raises(Rejected) as refused:
        put(point, value)
    assert refused.value.reason == reason


PLACES = st.sampled_from(["uint8", "int16", "uint32", "float32", "bcd16", "int64", "string", "bytes"])


@given(st.binary(max_size=24), PLACES, st.integers(-24, 24), st.sampled_from(["ABCD", "DCBA", "CDAB", "BADC"]))
def test_whatever_arrives_is_a_value_or_says_why_not(data: bytes, kind: str, at: int, order: str) -> None:
    found = read(data, x={"type": kind, "at": at, "order": order}, y={"characteristic": "temperature"})
    assert all(isinstance(each, Bad | int | float | str) for each in found.values())


@given(st.binary(min_size=8, max_size=8), st.integers(0, 6), st.integers(-(2**15), 2**15 - 1))
def test_what_is_written_is_read_back_and_the_rest_stays(found: bytes, at: int, value: int) -> None:
    point = {"type": "int16", "at": at, "order": "DCBA"}
    written = put(point, value, found)
    assert read(written, x=point) == {"x": value}
    assert written[:at] + written[at + 2 :] == found[:at] + found[at + 2 :]


def test_a_standard_value_is_written_as_the_standard_has_it() -> None:
    assert put({"characteristic": "temperature"}, 21.504) == bytes.fromhex("6608")
    assert put({"characteristic": "battery_level"}, 90) == b"\x5a"


@pytest.mark.parametrize("value", [400.0, "warm", True])
def test_what_a_standard_format_can_not_hold_is_refused(value: Value) -> None:
    with pytest.raises(Rejected):
        put({"characteristic": "temperature"}, value)
