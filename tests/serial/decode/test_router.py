from __future__ import annotations

from typing import Any

import pytest

from adapters.serial.config import AddressField
from adapters.serial.decode import address_key
from tests.serial.decode.built import device_of, frame_of, router_of

LINE = r"^>(?P<a>..)(?P<t>[-+]\d+\.\d)$"


def thermo(address: int | str, match: str = LINE) -> Any:
    return device_of({"t": {"type": "float"}}, address=address, match=match)


def test_devices_of_one_line_are_told_apart_by_their_address() -> None:
    router = router_of({"a": thermo("07"), "b": thermo("08")}, address={"at": 1, "length": 2})
    heard = router.route(frame_of(">08+21.5"))
    assert heard is not None
    assert (heard.shape.device, heard.reading.values, heard.frame.data) == ("b", (21.5,), b">08+21.5")
    assert router.address_of(frame_of(">08+21.5")) == "08"


def test_frames_of_others_are_strangers_and_what_is_no_message_is_counted() -> None:
    router = router_of({"a": thermo("07")}, address={"at": 1, "length": 2})
    assert router.route(frame_of(">09+21.5")) is None
    assert router.route(frame_of(">")) is None
    assert router.route(frame_of(">07?")) is None
    assert (router.strangers, router.unmatched, router.undecodable) == (2, 1, 0)


def test_a_number_is_an_address_too() -> None:
    device = device_of({"x": {"at": 2, "type": "uint8"}}, address=0x0102)
    router = router_of({"a": device}, address={"at": 0, "length": 2, "type": "number", "endian": "little"})
    heard = router.route(frame_of(b"\x02\x01\x2a"))
    assert heard is not None
    assert heard.reading.values == (42,)
    assert router.route(frame_of(b"\x01\x02\x2a")) is None


def test_an_address_may_be_a_group_of_a_pattern() -> None:
    router = router_of({"a": thermo("7", r"=(?P<t>\d+)")}, address={"match": "^(?P<address>[0-9]+)="})
    assert router.route(frame_of("7=5")) is not None
    assert router.route(frame_of("8=5")) is None
    assert router.route(frame_of("?")) is None


def test_without_addresses_the_first_in_the_file_that_reads_it_has_it() -> None:
    first = device_of({"x": {"type": "int"}}, match=r"^A(?P<x>\d)$")
    messages = {"b": {"match": r"^B(?P<y>\d)$"}, "c": {"match": r"^.(?P<z>\d)$"}}
    points = {"y": {"type": "int", "message": "b"}, "z": {"type": "int", "message": "c"}}
    router = router_of({"first": first, "second": device_of(points, messages=messages)})

    def whose(text: str) -> tuple[str, str]:
        heard = router.route(frame_of(text))
        assert heard is not None
        return heard.shape.device, heard.shape.message

    assert [whose(text) for text in ("A1", "B1", "C1")] == [("first", ""), ("second", "b"), ("second", "c")]


def test_an_answer_that_nobody_waits_for_and_that_fits_two_questions_of_a_device_is_to_neither() -> None:
    number = {name: {"message": name, "type": "float"} for name in ("volt", "curr")}
    messages = {
        "volt": {"poll": {"send": "V?"}, "match": r"^(?P<volt>\d+\.\d+)V?$"},
        "curr": {"poll": {"send": "C?"}, "match": r"^(?P<curr>\d+\.\d+)A?$"},
    }
    router = router_of({"d": device_of(number, messages=messages)})
    assert router.route(frame_of("12.5")) is None
    assert router.unmatched == 1
    heard = router.route(frame_of("1.5A"))
    assert heard is not None
    assert heard.shape.message == "curr"


def test_values_that_could_not_be_decoded_are_counted_by_frame() -> None:
    router = router_of({"a": device_of({"x": {"type": "int"}}, match="(?P<x>.*)")})
    for text in ("1", "x", ""):
        assert router.route(frame_of(text)) is not None
    assert router.undecodable == 1


def test_what_was_heard_has_the_groups_of_its_match() -> None:
    heard = router_of({"a": thermo("07")}).route(frame_of(">07+21.5"))
    assert heard is not None
    assert heard.groups == {"a": "07", "t": "+21.5"}


@pytest.mark.parametrize(
    ("address", "field", "key"),
    [
        ("07", {"at": 1, "length": 2}, "07"),
        (7, {"at": 1}, "7"),
        ("0x1F", {"at": 1, "type": "number"}, 31),
        (7, {"match": "(?P<address>.)"}, "7"),
    ],
)
def test_an_address_is_compared_as_frames_have_it(address: int | str, field: dict[str, Any], key: int | str) -> None:
    assert address_key(address, AddressField.model_validate(field)) == key


@pytest.mark.parametrize(
    ("address", "field", "why"),
    [
        (
            7,
            {"at": 1, "length": 2},
            'the address "7" has 1 characters, in frames it has 2: write it in quotes, like "07"',
        ),
        (256, {"at": 1, "type": "number"}, "the address 256 does not fit 1 byte"),
        ("A", {"at": 1, "type": "number"}, 'the address "A" is no number, and in frames it is one'),
    ],
)
def test_an_address_that_no_frame_can_have(address: int | str, field: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        address_key(address, AddressField.model_validate(field))
