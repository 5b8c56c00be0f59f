import struct
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.config import Table
from adapters.modbus.plan import Block, Cell
from adapters.modbus.registers import data_size, layout, picker
from gateway.model import Bad, BadReason, Value
from gateway.values import SCALARS, Order, Quantity, Spoiled, arrange, decode_one
from tests.modbus.faulty import bits

TYPES = ["int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
BLOCK_REGISTERS = 60


def cell(place: int, start: int, name: str, order: Order = "ABCD", table: Table = "holding") -> Cell:
    width = 1 if name == "bool" else SCALARS[name].size // 2
    return Cell(place, f"p{place}", table, start, start + width, Quantity(name), order)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    rows = draw(
        st.lists(
            st.tuples(st.integers(0, BLOCK_REGISTERS - 4), st.sampled_from(TYPES), st.sampled_from(get_args(Order))),
            min_size=1,
        )
    )
    cells = [cell(place, 100 + start, name, order) for place, (start, name, order) in enumerate(rows)]
    return Block(tuple(sorted(cells, key=lambda point: point.span)))


def expected(point: Cell, block: Block, data: bytes) -> Value | None:
    """The slow and obvious way."""
    at = 2 * (point.start - block.start)
    try:
        return decode_one(point.quantity, arrange(data[at : at + 2 * (point.end - point.start)], point.order))
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


def test_plain_numbers_of_one_order_are_one_call_into_struct() -> None:
    block = Block(tuple(cell(place, place, "uint16", "CDAB") for place in range(100)))
    shape = layout(block)
    assert shape.steps == ()
    assert getattr(shape.unpack, "__self__", None).__class__ is struct.Struct


def test_one_bad_value_leaves_the_others_alone() -> None:
    point = cell(0, 0, "uint16")
    limited = cell(1, 1, "uint16")._replace(quantity=Quantity("uint16", high=5))
    shape = layout(Block((point, limited)))
    assert shape.sift(struct.pack(">2H", 7, 9), 0) == ([7, None], {"p1": Bad(BadReason.OUT_OF_RANGE, value=9)})


@given(st.permutations(range(5)), st.integers(0, 5))
def test_a_picker_takes_the_places_it_is_given(order: list[int], count: int) -> None:
    places = order[:count] or [0]
    assert picker(places)("abcde") == tuple("abcde"[place] for place in places)
