from typing import Any

import pytest
from pydantic import ValidationError

from adapters.modbus.config import ModbusDevice, ModbusPoint
from gateway.model import Kind, Settling
from tests.modbus.setup import device, link_to


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
        ({"type": "string"}, "Input should be 'bool', 'int16'"),
        ({"address": -1}, "greater than or equal to 0"),
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
    ],
)
def test_the_kind_of_a_point_is_known_beforehand(point: dict[str, Any], kind: Kind) -> None:
    assert device({"p": {"address": 1, **point}}).points["p"].kind == kind


@pytest.mark.parametrize("limit", [{"max_registers": 126}, {"max_bits": 2001}, {"unit_id": 256}, {"timeout": "0s"}])
def test_limits_of_the_protocol_hold(limit: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        device({"p": {"address": 1}}, **limit)


def test_the_address_is_for_people() -> None:
    assert device({"p": {"address": 1}}, unit_id=7).address_on(link_to(502)) == "127.0.0.1:502 unit 7"


def test_the_models_have_a_schema() -> None:
    assert "max_hole" in ModbusDevice.model_json_schema()["properties"]


@pytest.mark.parametrize(
    ("point", "more", "sentence"),
    [
        ({"type": "float32"}, {"write": "single"}, r"points\.p: its 2 registers can't be written one by one"),
        ({"type": "uint32", "bits": "12..19"}, {"write": "single"}, r"points\.p: its 2 registers"),
        ({"type": "string", "length": 122}, {"read_write": True}, "in one request, which holds 121 at most"),
        ({}, {"write": "single", "read_write": True}, "does not go with single"),
        ({"verify": {"tolerance": 1}, "enum": {0: "off"}}, {}, "an enum is read back exactly"),
        ({"verify": {"tolerance": 1}, "type": "bool"}, {}, "what is bool is read back exactly"),
        ({"verify": {"tolerance": 1}, "type": "string", "length": 2}, {}, "what is text is read back exactly"),
        ({"verify": {"tolerance": -1}}, {}, "greater than or equal to 0"),
        ({"verify": {"settle": "11s"}}, {}, "at most 10s"),
    ],
)
def test_what_cannot_be_written_so_is_refused_in_a_sentence(
    point: dict[str, Any], more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        device({"p": {"address": 1, "writable": True, **point}}, **more)


@pytest.mark.parametrize(
    "point",
    [
        {"type": "float32", "writable": False},
        {"type": "uint32", "bits": "3..5"},
        {"type": "uint32", "bits": "16..31"},
        {"table": "coil", "type": "bool"},
    ],
)
def test_single_writes_are_for_points_of_one_register(point: dict[str, Any]) -> None:
    assert device({"p": {"address": 1, "writable": True, **point}}, write="single").most_written("holding") == 1


@pytest.mark.parametrize(
    ("verify", "tolerance"),
    [(False, None), (True, 0), ({"tolerance": 0.5}, 0.5), ({}, 0), ({"tolerance": 0.5, "settle": "200ms"}, None)],
)
def test_the_adapter_reads_back_what_needs_no_time_to_settle(verify: Any, tolerance: float | None) -> None:
    read_back = device({"p": {"address": 1, "writable": True, "verify": verify}}).points["p"].read_back
    assert (None if read_back is None else read_back.tolerance) == tolerance


def test_the_core_is_told_what_needs_time_to_settle() -> None:
    target = device({"p": {"address": 1, "writable": True, "verify": {"tolerance": 0.5, "settle": "200ms"}}})
    assert target.describe("d", "plc", link_to(502)).points["p"].settling == Settling(0.2, 0.5)
