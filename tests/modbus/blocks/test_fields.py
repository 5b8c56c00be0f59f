"""Values on the wire: in whole registers, among the bits of others."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.modbus.blocks.fields import is_shared, wire_of
from adapters.modbus.blocks.plan import Block, Cell, cell_of
from adapters.modbus.blocks.registers import layout
from gateway.model import Value
from gateway.values import Order, Unwritable, meaning
from tests.modbus.setup import device
from tests.support.examples import examples

POINTS: dict[str, tuple[dict[str, Any], Value]] = {
    "int8": ({"type": "int8"}, -5),
    "high": ({"type": "uint8", "byte": "high"}, 200),
    "int16": ({"type": "int16"}, -2),
    "uint16": ({"type": "uint16", "scale": 0.1}, 21.7),
    "int32": ({"type": "int32"}, -70000),
    "uint64": ({"type": "uint64"}, 2**63 + 1),
    "float16": ({"type": "float16"}, 0.1),
    "float32": ({"type": "float32"}, 21.7),
    "float64": ({"type": "float64"}, 1e-9),
    "bcd32": ({"type": "bcd32"}, 12345678),
    "string": ({"type": "string", "length": 3}, "SN 7"),
    "bytes": ({"type": "bytes", "length": 3}, "0102030405ff"),
    "bits": ({"type": "uint32", "bits": "3..20"}, 77777),
    "bit": ({"type": "bool", "bits": 9}, True),
    "bool": ({"type": "bool"}, True),
    "half": ({"type": "uint8", "byte": "high", "bits": "4..7"}, 9),
    "mode": ({"type": "uint16", "bits": "0..1", "enum": {0: "off", 2: "auto"}}, "auto"),
}


def cell(name: str, order: Order = "ABCD") -> Cell:
    return cell_of(device({"p": {"address": 7, **POINTS[name][0]}}, order=order), "p")


def read(point: Cell, data: bytes) -> Value | None:
    (value,), _ = layout(Block((point,))).sift(data, 0)
    return value


@pytest.mark.parametrize("order", get_args(Order))
@pytest.mark.parametrize("name", POINTS)
@settings(max_examples=examples(20))
@given(data=st.data())
def test_what_is_written_over_anything_is_read_and_nothing_else_changes(
    order: Order, name: str, data: st.DataObject
) -> None:
    point, value = cell(name, order), POINTS[name][1]
    size = 2 * (point.end - point.start)
    old = data.draw(st.binary(min_size=size, max_size=size))
    wire = wire_of(point, value)
    new = wire.merged(old)
    assert len(new) == size
    assert read(point, new) == wire.value == value
    if wire.mask is not None:
        kept = [int.from_bytes(words, "big") & ~int.from_bytes(wire.mask, "big") for words in (old, new)]
        assert kept[0] == kept[1]
    assert is_shared(point) == (wire.mask is not None)


@pytest.mark.parametrize(
    ("name", "order", "data"),
    [
        ("int16", "ABCD", "fffe"),
        ("int16", "BADC", "feff"),
        ("int8", "ABCD", "00fb"),
        ("int8", "DCBA", "fb00"),
        ("high", "ABCD", "c800"),
        ("string", "ABCD", "534e20370000"),
        ("string", "CDAB", "534e20370000"),
        ("string", "BADC", "4e5337200000"),
        ("string", "DCBA", "4e5337200000"),
        ("bytes", "DCBA", "02010403ff05"),
        ("bcd32", "CDAB", "56781234"),
        ("bit", "BADC", "0002"),
        ("half", "ABCD", "9000"),
    ],
)
def test_a_value_lies_in_its_registers_as_its_order_says(name: str, order: Order, data: str) -> None:
    assert wire_of(cell(name, order), POINTS[name][1]).data.hex() == data


def test_the_mask_is_in_the_order_of_the_wire() -> None:
    wire = wire_of(cell("bits", "CDAB"), 1)
    assert (wire.data.hex(), (wire.mask or b"").hex()) == ("00080000", "fff8001f")


def test_a_coil_is_one_bit_and_nobody_shares_it() -> None:
    coil = cell_of(device({"p": {"address": 1, "table": "coil", "type": "bool"}}), "p")
    assert wire_of(coil, True) == (b"\x01", None, True)


def test_a_value_that_rounds_beyond_its_range_is_refused() -> None:
    point = cell_of(device({"p": {"address": 1, "scale": 10, "range": [0, 24]}}), "p")
    assert wire_of(point, 24).value == 20
    with pytest.raises(Unwritable, match="nearest value"):
        wire_of(cell_of(device({"p": {"address": 1, "scale": 10, "range": [0, 26]}}), "p"), 26)


def test_the_other_bits_do_not_make_a_written_field_invalid() -> None:
    point = cell_of(device({"p": {"address": 1, "bits": "0..3", "invalid": 0}}), "p")
    assert wire_of(point, 0).value == 0


@given(st.integers(-10, 10), st.integers(-32768, 32767))
def test_a_value_is_written_at_the_power_of_ten_it_is_given(exponent: int, raw: int) -> None:
    point = cell_of(device({"p": {"address": 1, "type": "int16", "scale_from": 2}}), "p")
    mean = meaning(point.quantity.at(exponent))
    assert mean is not None
    wire = wire_of(point, mean(raw), exponent)
    assert int.from_bytes(wire.data, "big", signed=True) == raw
    assert wire.value == mean(raw)
