from typing import Any

import pytest
from pydantic import ValidationError

from adapters.modbus.config import ModbusDevice, ModbusPoint
from gateway.model import Kind
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
        ({"type": "text"}, "Input should be 'bool', 'int8'"),
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
