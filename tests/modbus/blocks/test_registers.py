import struct
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.blocks.plan import Block, Cell
from adapters.modbus.blocks.registers import data_size, layout, picker
from adapters.modbus.config import Byte
from gateway.model import Bad, BadReason, Value
from gateway.values import SCALARS, Order, Quantity, Spoiled, arrange, decode_one
from tests.modbus.faulty import bits
from tests.modbus.setup import cell

BLOCK_REGISTERS = 60
MAX_WIDTH = 5
BYTES: list[Byte] = ["high", "low"]


@st.composite
def places(draw: st.DrawFn, place: int) -> Cell:
    """A point of any type, order and half, perhaps of some bits only."""
    name = draw(st.sampled_from([name for name in SCALARS if name != "bool"]))
    scalar = SCALARS[name]
    width = draw(st.integers(1, MAX_WIDTH)) if scalar.is_text else max(1, scalar.size // 2)
    bits = None
    if scalar.form == "whole" and draw(st.booleans()):
        low, high = sorted(draw(st.tuples(*[st.integers(0, 8 * scalar.size - 1)] * 2)))
        bits = (low, high)
    quantity = Quantity(name, size=2 * width if scalar.is_text else 0, bits=bits, encoding="latin-1")
    start = 100 + draw(st.integers(0, BLOCK_REGISTERS - MAX_WIDTH))
    order, byte = draw(st.sampled_from(get_args(Order))), draw(st.sampled_from(BYTES))
    return Cell(place, f"p{place}", "holding", start, start + width, quantity, order, byte)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    cells = [draw(places(place)) for place in range(draw(st.integers(1, 8)))]
    return Block(tuple(sorted(cells, key=lambda point: point.span)))


def expected(point: Cell, block: Block, data: bytes) -> Value | None:
    """The slow and obvious way."""
    at = 2 * (point.start - block.start)
    words = data[at : at + 2 * (point.end - point.start)]
    if point.quantity.type in ("string", "bytes"):
        pairs = [words[n : n + 2] for n in range(0, len(words), 2)]
        ours = b"".join(pair[::-1] if point.order in ("BADC", "DCBA") else pair for pair in pairs)
    else:
        ours = arrange(words, point.order)
    if SCALARS[point.quantity.type].size == 1:
        ours = ours[:1] if point.byte == "high" else ours[1:]
    try:
        return decode_one(point.quantity, ours)
    except Spoiled:
        return None


@given(blocks(), st.binary(min_size=2 * BLOCK_REGISTERS, max_size=2 * BLOCK_REGISTERS), st.integers(0, 9))
def test_a_block_of_all_types_and_orders_overlapping_is_read_as_point_by_point(
    block: Block, data: bytes, ahead: int
) -> None:
    shape = layout(block)
    buffer = bytearray(bytes(ahead) + data[: data_size(block)])
    values, bad = shape.sift(buffer, ahead)
    for point, value in zip(shape.cells, values, strict=True):
        assert value == expected(point, block, data)
        assert (point.name in bad) == (value is None)
    if not bad:
        assert list(shape.values(buffer, ahead)) == values


@given(st.sets(st.integers(0, 1999), min_size=1))
def test_bits_are_read_lowest_first(addresses: set[int]) -> None:
    block = Block(tuple(cell(place, at, "bool", table="coil") for place, at in enumerate(sorted(addresses))))
    values = layout(block).values(bits(block.start, block.size), 0)
    assert list(values) == [at % 3 == 0 for at in sorted(addresses)]
    assert all(type(value) is bool for value in values)


def test_a_bool_in_a_register_is_true_when_not_zero() -> None:
    block = Block((cell(0, 0, "bool"), cell(1, 1, "bool"), cell(2, 2, "bool", "DCBA")))
    assert list(layout(block).values(struct.pack(">3H", 0, 256, 1), 0)) == [False, True, True]


@pytest.mark.parametrize(
    ("name", "order"), [("uint16", "CDAB"), ("uint16", "BADC"), ("float32", "ABCD"), ("int8", "DCBA")]
)
def test_plain_numbers_of_one_order_are_one_call_into_struct(name: str, order: Order) -> None:
    width = max(1, SCALARS[name].size // 2)
    block = Block(tuple(cell(place, place * width, name, order) for place in range(60)))
    shape = layout(block)
    assert [stop - start for start, stop, _ in shape.steps] == ([60] if name == "float32" else [])
    assert getattr(shape.unpack, "__self__", None).__class__ is struct.Struct


def test_what_needs_more_takes_its_own_way_beside_those_that_do_not() -> None:
    plain = [cell(n, n, "uint16") for n in range(50)]
    bit = cell(50, 50, "uint16")._replace(quantity=Quantity("uint16", bits=(3, 3)))
    text = Cell(51, "p51", "holding", 51, 55, Quantity("string", size=8), "ABCD")
    shape = layout(Block((*plain, bit, text)))
    assert [(start, stop) for start, stop, _ in shape.steps] == [(50, 51), (51, 52)]
    assert getattr(shape.unpack, "__self__", None).__class__ is struct.Struct


def test_bits_and_bytes_of_one_register_are_one_call_into_struct() -> None:
    word = Quantity("uint16")
    cells = [cell(n, 0, "uint16")._replace(quantity=word._replace(bits=(n, n))) for n in range(16)]
    high, low = (cell(n, 1, "uint8")._replace(byte=byte) for n, byte in enumerate(BYTES, 16))
    block = Block((*cells, low, high))
    shape = layout(block)
    assert [point.name for point in shape.cells[16:]] == [high.name, low.name]
    assert list(shape.values(struct.pack(">2H", 0x8003, 0x1234), 0)) == [1, 1, *[0] * 13, 1, 0x12, 0x34]


def test_one_bad_value_leaves_the_others_alone() -> None:
    point = cell(0, 0, "uint16")
    limited = cell(1, 1, "uint16")._replace(quantity=Quantity("uint16", high=5))
    shape = layout(Block((point, limited)))
    assert shape.sift(struct.pack(">2H", 7, 9), 0) == ([7, None], {"p1": Bad(BadReason.OUT_OF_RANGE, value=9)})


@given(st.permutations(range(5)), st.integers(0, 5))
def test_a_picker_takes_the_places_it_is_given(order: list[int], count: int) -> None:
    places = order[:count] or [0]
    assert picker(places)("abcde") == tuple("abcde"[place] for place in places)
