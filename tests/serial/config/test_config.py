"""What an installer may write about serial links and devices, and what is said of what he may not."""

from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from adapters.serial.config import Decode, Framing, LengthField, Line, Nmea, Slip
from adapters.serial.config.decoding import MEANT as DECODES_MEANT
from adapters.serial.config.framing import MEANT as FRAMINGS_MEANT
from gateway.model import Kind
from tests.serial.setup import SCALE, device, link_to

FLOAT = {"weight": {"type": "float"}}


def test_framing_and_decoding_can_be_named_in_one_word() -> None:
    assert link_to(framing="slip").framing == Slip(type="slip")
    assert device(FLOAT, decode="nmea").decode == Nmea(type="nmea")


def test_a_line_ends_as_any_line_does_unless_it_is_said_how() -> None:
    assert link_to().framing == Line(terminator=())
    assert link_to(framing={"type": "line", "terminator": ["\r", "\n"]}).framing == Line(terminator=(b"\r", b"\n"))


@pytest.mark.parametrize(
    ("framing", "sentence"),
    [
        ({"type": "line", "terminator": r"\r\n"}, "in double quotes only"),
        ({"type": "line", "terminator": []}, "must be auto, text like"),
        ({"type": "line", "max_length": 65_537}, "less than or equal to 65536"),
        ({"type": "length", "at": 1, "start": "\x02\x02"}, "at 1 lies within start, which has 2 bytes"),
        (
            {"type": "length", "at": 100, "max_length": 50},
            "the length ends at byte 101, beyond max_length, which is 50",
        ),
        ({"type": "escaped", "escape": "\x10\x10"}, "escape is one byte"),
        ({"type": "escaped", "start": "\x02", "end": "\x02"}, "start and end may only be the same as flags"),
        ({"type": "escaped", "start": "\x11\x02"}, "start is one byte, or the escape and one byte"),
        ({"type": "gap"}, "Field required"),
        ({"type": "gap", "gap": "0s"}, "must be longer than zero"),
    ],
)
def test_a_framing_that_can_not_work_is_refused_in_a_sentence(framing: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        link_to(framing=framing)


def test_a_length_of_the_rest_counts_what_stands_behind_it_and_one_of_the_frame_all() -> None:
    field = LengthField(type="length", at=1, size=2)
    assert field.total(5) == 8
    assert field.model_copy(update={"counts": "frame"}).total(5) == 5
    assert field.model_copy(update={"extra": 2}).total(5) == 10


@pytest.mark.parametrize(
    ("checksum", "sentence"),
    [
        ({"type": "crc-16/modbus", "at": -1}, "at -1 leaves no room for its 2 bytes"),
        ({"type": "xor8", "encoding": "hex", "at": -1}, "at -1 leaves no room for its 2 bytes"),
        ({"type": "xor8", "at": 1, "first": 1}, "at 1 lies before what it covers"),
    ],
)
def test_a_checksum_that_can_not_be_there_is_refused_in_a_sentence(checksum: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        link_to(checksum=checksum)


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ({"type": "float", "at": 1}, "float is for characters"),
        ({"type": "int16"}, "int16 needs `at`"),
        ({"type": "uint8", "at": 1, "from": "x"}, "or is `from` what has a name, not both"),
        ({"type": "string", "at": 1}, "a point of type string needs length: the bytes it takes"),
        ({"type": "uint16", "at": 1, "length": 2}, "uint16 has its own size"),
        ({"type": "uint16", "at": 1, "base": 16}, "base is for characters"),
        ({"type": "uint16", "at": 1, "bits": 16}, "bit 16 is beyond uint16"),
        ({"type": "uint16", "at": 1, "enum": {"A": "on"}}, "bytes are numbers, so 'A' never stands there"),
        ({"type": "uint8", "at": 1, "invalid": [256]}, "the invalid value 256 can't occur"),
        ({"type": "float", "base": 16}, "base is for int, and this is float"),
        ({"type": "int", "decimal": ","}, "decimal is for float, and this is int"),
        ({"type": "float", "bits": 3}, "bits are cut out of whole numbers"),
        ({"type": "float", "scale": 0}, "scale can't be 0"),
        ({"type": "string", "scale": 2}, "scale is for numbers, and this is a string"),
        ({"type": "string", "enum": {}}, "an enum needs at least one label"),
        ({"type": "string", "enum": {"A": "on", "B": 1}}, "the labels of an enum must be all"),
        ({"type": "float", "enum": {"A": "on"}}, "no two floats are alike"),
        ({"type": "bool", "scale": 2}, "a bool is true or false"),
        ({"type": "float", "writable": True}, "writable needs write: how it is sent"),
        ({"type": "float", "write": {"send": "x"}}, "add writable: true, or its limits"),
        ({"type": "float", "verify": True}, "but this point is not writable"),
    ],
)
def test_a_point_that_makes_no_sense_is_refused_in_a_sentence(point: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        device({"p": point}, match="x")


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ({"type": "float"}, "float"),
        ({"type": "int"}, "int"),
        ({"type": "int", "scale": 0.1}, "float"),
        ({"type": "string"}, "text"),
        ({"type": "bool"}, "bool"),
        ({"type": "bool", "enum": {"ST": True, "US": False}}, "bool"),
        ({"type": "string", "enum": {"A": 1, "B": 2}}, "int"),
        ({"type": "bytes", "at": 0, "length": 3}, "text"),
        ({"type": "uint16", "at": 0, "scale": 0.1}, "float"),
        ({"type": "uint8", "at": 0, "enum": {0: "off"}}, "text"),
    ],
)
def test_a_value_is_of_the_kind_that_its_point_says(point: dict[str, Any], kind: Kind) -> None:
    assert device({"p": point}, match="x").points["p"].kind == kind


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"expect": "^OK"}, "say what to send"),
        ({"send": "T", "sequence": [{"send": "T"}]}, "say what to send"),
        ({"send": "T", "expect": "^(OK"}, "is no pattern"),
        ({"sequence": [{"send": "x", "pause": "1s"}]}, "a step is send and expect"),
        ({"sequence": [{"send": "x", "timeout": "1s"}]}, "timeout is for an answer"),
        ({"sequence": [{"pause": "31s"}, {"pause": "31s"}]}, "longer than a minute"),
        ({"sequence": []}, "at least 1 item"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_a_sentence(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        device(FLOAT, match="x", poll=said)


def test_commands_of_the_device_stand_beside_those_that_write_points() -> None:
    points = {"p": {"type": "float", "writable": True, "write": {"send": "P{value}"}}}
    commands = {"tare": {"send": "T\r\n"}, "zero": {"steps": [{"write": {"p": 0.0}}]}}
    made = device(points, match="x", commands=commands)
    assert [name for name, command in (made.commands or {}).items() if command.describe().steps] == ["zero"]


def test_points_that_come_in_one_frame_are_one_group_and_what_comes_unasked_has_no_period() -> None:
    made = device(
        {
            "a": {"type": "float", "message": "x"},
            "b": {"type": "int", "message": "y"},
            "c": {"type": "int", "message": "x"},
        },
        every="2s",
        messages={"x": {"match": "x", "poll": {"send": "?"}}, "y": {"match": "y"}},
    )
    asked, unasked = made.groups("d")
    assert (asked.points, asked.every_s, asked.stale_after_s) == (("a", "c"), 2.0, None)
    assert (unasked.points, unasked.every_s, unasked.stale_after_s) == (("b",), 0.0, 30.0)


@pytest.mark.parametrize(("stale_after", "seconds"), [("never", 0.0), ("5min", 300.0), (None, 30.0)])
def test_what_comes_unasked_turns_stale_when_the_device_says(stale_after: str | None, seconds: float) -> None:
    (group,) = device(FLOAT, match=SCALE, stale_after=stale_after).groups("d")
    assert group.stale_after_s == seconds


def test_two_links_can_not_have_one_port() -> None:
    assert link_to("/dev/../dev/ttyS1").exclusive == link_to("/dev/ttyS1").exclusive
    assert link_to("tcp://10.0.0.5:4001").exclusive != link_to("tcp://10.0.0.5:4002").exclusive


@pytest.mark.parametrize(
    ("kind", "model", "sentence"),
    [
        ("stx-etx", Framing, r'there is no stx-etx: write {type: start-end, start: "\x02", end: "\x03"}'),
        ({"type": "HDLC"}, Framing, "escape: {hex: 7D}, xor: 0x20}"),
        ("csv", Decode, 'there is no csv: write {type: columns, delimiter: ","}'),
        ("regex", Decode, "match says it"),
    ],
)
def test_a_type_by_another_name_is_told_its_own(kind: Any, model: Any, sentence: str) -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(model).validate_python(kind)
    assert sentence in str(raised.value)


@pytest.mark.parametrize(("meant", "model"), [(FRAMINGS_MEANT, Framing), (DECODES_MEANT, Decode)])
def test_what_is_told_to_be_written_can_be(meant: dict[str, str], model: Any) -> None:
    for told in meant.values():
        written = told.split(", with ")[0] if told.startswith("{") else told.split(",")[0]
        assert TypeAdapter(model).validate_python(yaml.safe_load(written)) is not None
