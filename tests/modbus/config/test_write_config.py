"""How points are written and read back, as the configuration says it."""

from typing import Any

import pytest
from pydantic import ValidationError

from gateway.model import Settling
from tests.modbus.setup import device, link_to


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
