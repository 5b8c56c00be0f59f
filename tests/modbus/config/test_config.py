from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from adapters.modbus.config import ModbusDevice, ModbusPoint
from gateway.adapter.notation import parse_bits
from gateway.model import Kind
from tests.modbus.setup import device, link_to


def test_a_device_without_points_must_say_them_itself() -> None:
    with pytest.raises(ValidationError, match="it has no points: name some, or write sunspec: true"):
        device({})
    assert device({}, sunspec=True).points == {}


def test_a_command_of_a_device_that_says_its_points_itself_is_not_held_to_them_yet() -> None:
    stop = {"steps": [{"write": {"controls_Conn": "DISCONNECT"}}]}
    assert device({}, sunspec=True, commands={"stop": stop}).commands


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ({"type": "float32", "table": "coil"}, "a coil holds one bit, so its type is bool, not float32"),
        ({"type": "uint16", "table": "discrete"}, "a discrete holds one bit, so its type is bool, not uint16"),
        ({"table": "input", "writable": True}, "nothing can be written to the input table"),
        ({"type": "bool", "table": "discrete", "writable": True}, "nothing can be written to the discrete table"),
        ({"verify": True}, "this point is not writable"),
        ({"scale": 0}, "scale can't be 0"),
        ({"type": "bool", "scale": 0.1}, "a bool is true or false"),
        ({"enum": {0: "off"}, "scale": 0.1}, "an enum maps raw values to labels"),
        ({"enum": {0: "off"}, "range": [0, 1]}, "an enum maps raw values to labels"),
        ({"enum": {0: "off"}, "type": "float32"}, "an enum needs whole raw values"),
        ({"enum": {65536: "off"}}, "the enum's code 65536 can't occur"),
        ({"enum": {}}, "an enum needs at least one label"),
        ({"enum": {0: "off", 1: 1}}, "the labels of an enum must be all"),
        ({"type": "text"}, "Input should be 'bool', 'int8'"),
        ({"address": -1}, "greater than or equal to 0"),
        ({"type": "string"}, "a point of type string needs length"),
        ({"type": "bytes"}, "a point of type bytes needs length"),
        ({"length": 1}, "uint16 has its own size: leave length out"),
        ({"type": "string", "length": 126}, "less than or equal to 125"),
        ({"type": "string", "length": 124, "writable": True}, "one request writes at most 123 registers"),
        ({"type": "string", "length": 4, "scale": 0.1}, "scale is for numbers, and string is text"),
        ({"type": "string", "length": 4, "range": [0, 1]}, "range is for numbers"),
        ({"type": "string", "length": 4, "bits": 3}, "bits is for numbers"),
        ({"type": "string", "length": 4, "invalid": 0}, "invalid is for numbers"),
        ({"type": "string", "length": 4, "enum": {0: "a"}}, "enum is for numbers"),
        ({"type": "bytes", "length": 4, "scale_from": 9}, "scale_from is for numbers"),
        ({"type": "bytes", "length": 4, "encoding": "ascii"}, "encoding is for strings"),
        ({"encoding": "utf-8"}, "encoding is for strings, and this is uint16"),
        ({"type": "string", "length": 4, "encoding": "utf-16"}, "Input should be 'ascii'"),
        ({"byte": "high"}, "uint16 is both: use uint8"),
        ({"type": "uint8", "byte": "left"}, "Input should be 'high' or 'low'"),
        ({"bits": 16}, r"bit 16 is beyond uint16, whose bits are 0\.\.15"),
        ({"type": "uint8", "bits": "4..8"}, r"bit 8 is beyond uint8, whose bits are 0\.\.7"),
        ({"type": "bool", "bits": 16}, r"bit 16 is beyond bool, whose bits are 0\.\.15"),
        ({"type": "bool", "bits": "3..5"}, "a bool is one bit, like bits: 3; for several use uint16"),
        ({"type": "float32", "bits": 3}, "bits are cut out of whole numbers, and float32 is none"),
        ({"bits": "5..3"}, r"the lowest bit comes first: 3\.\.5"),
        ({"bits": 64}, "bits are counted from 0, the least significant, to 63"),
        ({"bits": -1}, "bits are counted from 0"),
        ({"bits": "3-5"}, "must be one bit, like 3, or the lowest and the highest of several, like 3..5"),
        ({"bits": True}, "must be one bit"),
        ({"bits": [3, 5]}, "must be one bit"),
        ({"bits": "3..5", "enum": {8: "x"}}, r"the enum's code 8 can't occur: bits 3\.\.5 are 0 to 7"),
        ({"type": "bcd16", "enum": {10000: "x"}}, "can't occur: bcd16 is 0 to 9999"),
        ({"type": "bool", "table": "coil", "bits": 0}, "a coil holds one bit, so bits has no meaning here"),
        ({"type": "bool", "table": "discrete", "invalid": 1}, "invalid has no meaning here"),
        ({"type": "bool", "table": "coil", "scale_from": 3}, "scale_from has no meaning here"),
        ({"invalid": 65536}, "the invalid value 65536 can't occur: raw values of uint16 are 0 to 65535"),
        ({"type": "int16", "invalid": 0x8000}, "did you mean -32768?"),
        ({"type": "int16", "invalid": [0, 32768]}, "did you mean -32768?"),
        ({"invalid": 6553.5}, "raw values of uint16 are whole"),
        ({"type": "float32", "invalid": 1e39}, "it is too large for float32"),
        ({"type": "float16", "invalid": 65520}, "it is too large for float16"),
        ({"type": "float64", "invalid": 10**400}, "it is too large for float64"),
        ({"invalid": 10**400}, "can't occur: raw values of uint16 are 0 to 65535"),
        ({"type": "float32", "invalid": float("nan")}, "is invalid anyway"),
        ({"invalid": []}, 'must be a raw number that means "no value"'),
        ({"invalid": "FFFF"}, "must be a raw number"),
        ({"invalid": True}, "must be a raw number"),
        ({"enum": {7: "on"}, "invalid": 7}, "the enum's code 7 is also in invalid"),
        ({"scale_from": 1}, "scale_from is one of the point's own registers"),
        ({"type": "uint32", "scale_from": 2}, "scale_from is one of the point's own registers"),
        ({"enum": {7: "on"}, "scale_from": 9}, "an enum maps raw values to labels; scale_from"),
        ({"type": "bool", "scale_from": 9}, "a bool is true or false; scale_from"),
        ({"scale": float("inf")}, "scale must be 1e-30 to 1e"),
        ({"scale": 1e-31}, "scale must be 1e-30 to 1e"),
        ({"offset": -1e31}, "scale must be 1e-30 to 1e"),
        ({"offset": float("nan")}, "scale must be 1e-30 to 1e"),
    ],
)
def test_a_point_that_makes_no_sense_is_refused_in_a_sentence(point: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        ModbusPoint.model_validate({"address": 1, "type": "uint16", **point})


@pytest.mark.parametrize(
    ("address", "kind", "base", "fits"),
    [
        (65535, "uint16", 0, True),
        (65536, "uint16", 0, False),
        (65534, "float32", 0, True),
        (65535, "float32", 0, False),
        (65536, "uint16", 1, True),
        (65536, "float32", 1, False),
        (1, "uint16", 1, True),
        (0, "uint16", 1, False),
    ],
)
def test_a_point_lies_within_the_addresses_there_are(address: int, kind: str, base: int, fits: bool) -> None:
    points = {"p": {"address": address, "type": kind}}
    if fits:
        device(points, address_base=base)
    else:
        with pytest.raises(ValidationError, match=r"points\.p: "):
            device(points, address_base=base)


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ({}, "int"),
        ({"scale": 10}, "int"),
        ({"scale": 0.1}, "float"),
        ({"scale": 0.1, "decimals": 0}, "int"),
        ({"type": "float32", "decimals": 0}, "float"),
        ({"type": "bool"}, "bool"),
        ({"enum": {0: "off"}}, "text"),
        ({"enum": {0: False, 1: True}}, "bool"),
        ({"type": "bool", "enum": {0: "closed", 1: "open"}}, "text"),
        ({"type": "string", "length": 4}, "text"),
        ({"type": "bytes", "length": 4}, "text"),
        ({"bits": 3}, "int"),
        ({"bits": "3..5", "scale": 0.5}, "float"),
        ({"bits": "3..5", "enum": {1: "on"}}, "text"),
        ({"type": "bool", "bits": 3}, "bool"),
        ({"type": "bcd16"}, "int"),
        ({"type": "bcd32", "scale": 0.01}, "float"),
        ({"type": "float16"}, "float"),
        ({"type": "int8", "byte": "high"}, "int"),
        ({"scale_from": 9}, "float"),
        ({"scale_from": 9, "decimals": 0}, "float"),
    ],
)
def test_the_kind_of_a_point_is_known_beforehand(point: dict[str, Any], kind: Kind) -> None:
    assert device({"p": {"address": 1, **point}}).points["p"].kind == kind


@pytest.mark.parametrize(
    "limit", [{"max_registers": 126}, {"max_registers": 0}, {"max_bits": 2001}, {"unit_id": 256}, {"timeout": "0s"}]
)
def test_limits_of_the_protocol_hold(limit: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        device({"p": {"address": 1}}, **limit)


@pytest.mark.parametrize(
    ("point", "more", "sentence"),
    [
        ({"scale_from": 65536}, {}, "scale_from 65536 is no address here"),
        ({"scale_from": 0}, {"address_base": 1}, "scale_from 0 is no address here"),
        ({"type": "string", "length": 20}, {"max_registers": 16}, "its 20 registers are more than max_registers"),
        ({"type": "float32"}, {"max_registers": 1}, "its 2 registers are more than max_registers, which is 1 "),
        ({"address": 65535, "type": "string", "length": 2}, {}, "end beyond 65535"),
        ({"enum": {0: "off"}, "report": {"deadband": 1}}, {}, "report.deadband is for numbers, and this is text"),
        ({"type": "string", "length": 2, "report": {"deadband": "2%"}}, {}, "report.deadband is for numbers"),
        ({"type": "bool", "bits": 3, "report": {"deadband": 1}}, {}, "and this is true or false"),
        ({"type": "string", "length": 2, "writable": {"max": 5}}, {}, "writable.max is for numbers"),
        ({"enum": {0: "off"}, "writable": {"min": 0}}, {}, "writable.min is for numbers"),
    ],
)
def test_a_point_that_does_not_fit_its_device_is_refused(
    point: dict[str, Any], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=rf"points\.p: .*{sentence}"):
        device({"p": {"address": 1, **point}}, **more)


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        (400_001, "number 1 of the holding table: write address: 1, table: holding, and address_base: 1"),
        (365_536, "number 65536 of the input table"),
        (100_010, "number 10 of the discrete table"),
        (400_000, "less than or equal to 65536"),
        (465_537, "less than or equal to 65536"),
        (200_001, "less than or equal to 65536"),
    ],
)
def test_six_digits_of_a_manual_are_explained(address: int, meant: str) -> None:
    with pytest.raises(ValidationError, match=meant):
        device({"p": {"address": address}})


def test_a_device_may_give_one_register_at_a_time_but_not_by_sunspec() -> None:
    assert device({"p": {"address": 1}}, max_registers=1).max_registers == 1
    with pytest.raises(ValidationError, match="at least 4 for sunspec"):
        device({}, sunspec=True, max_registers=1)


def test_a_deadband_of_the_whole_device_may_meet_texts() -> None:
    points: dict[str, dict[str, Any]] = {"p": {"address": 1, "type": "string", "length": 2}, "q": {"address": 3}}
    assert list(device(points, report={"deadband": 1}).points) == ["p", "q"]


@pytest.mark.parametrize(
    ("point", "sentence"),
    [
        ({"type": "string", "length": 2}, "room for 4"),
        ({"type": "uint8"}, "is not a number"),
        ({"bits": "3..5", "enum": {0: "off"}}, "is none of: off"),
    ],
)
def test_a_step_of_a_command_must_be_one_that_the_registers_can_hold(point: dict[str, Any], sentence: str) -> None:
    model = ModbusPoint.model_validate({"address": 1, "type": "uint16", "writable": True, **point})
    assert sentence in (model.unwritable("too long") or "")


def test_what_only_the_device_knows_is_not_judged_beforehand() -> None:
    model = ModbusPoint.model_validate({"address": 1, "type": "int16", "scale_from": 9, "writable": True})
    assert model.unwritable(1e9) is None


@pytest.mark.parametrize("given", [3, "3..5", "0..63"])
def test_bits_are_read_back_from_what_they_became(given: Any) -> None:
    bits = parse_bits(given)
    assert parse_bits(bits) == bits


def test_the_address_is_for_people() -> None:
    assert device({"p": {"address": 1}}, unit_id=7).address_on(link_to(502)) == "127.0.0.1:502 unit 7"


def test_the_models_have_a_schema() -> None:
    assert "max_hole" in ModbusDevice.model_json_schema()["properties"]


@pytest.mark.parametrize(
    ("key", "given", "good"),
    [
        ("bits", 3, True),
        ("bits", "3..5", True),
        ("bits", "3-5", False),
        ("bits", 64, False),
        ("invalid", 65535, True),
        ("invalid", [32767, -32768], True),
        ("invalid", "FFFF", False),
        ("invalid", [], False),
        ("length", 8, True),
        ("length", 0, False),
        ("byte", "high", True),
        ("byte", "upper", False),
        ("encoding", "latin-1", True),
        ("encoding", "utf-16", False),
        ("scale_from", 40010, True),
        ("scale_from", "40010", False),
        ("type", "bcd32", True),
        ("type", "bcd64", False),
    ],
)
def test_editors_see_by_the_schema_what_the_loader_takes(key: str, given: Any, good: bool) -> None:
    schema = ModbusPoint.model_json_schema()
    assert Draft202012Validator(schema).is_valid({"address": 1, "type": "uint16", key: given}) == good
