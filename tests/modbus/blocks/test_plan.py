from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapters.modbus.blocks.plan import Block, Cell, Cut, Limits, Span, cell_of, cells_of, limits_of, plan
from adapters.modbus.config import BIT_TABLES, ModbusDevice, Table
from gateway.values import Quantity
from tests.modbus.setup import device, registers

TABLES: list[Table] = ["holding", "input", "coil", "discrete"]


def cell(place: int, table: Table, start: int, width: int = 1) -> Cell:
    return Cell(place, f"p{place}", table, start, start + width, Quantity("uint16"), "ABCD")


@st.composite
def cells(draw: st.DrawFn) -> list[Cell]:
    rows = draw(st.lists(st.tuples(st.sampled_from(TABLES), st.integers(0, 400), st.sampled_from([1, 2, 4]))))
    return [
        cell(at, table, start, 1 if table in BIT_TABLES else width) for at, (table, start, width) in enumerate(rows)
    ]


def blocks_of(configured: ModbusDevice) -> tuple[Block, ...]:
    (group,) = configured.groups("d")
    return plan(cells_of(configured, group), limits_of(configured))


HOLES = st.dictionaries(st.sampled_from(TABLES), st.integers(0, 30))
LIMITS = st.builds(
    Limits, st.integers(4, 125), st.integers(1, 2000), st.integers(0, 30), st.integers(0, 300), HOLES, st.booleans()
)
CUTS = st.sets(st.tuples(st.sampled_from(TABLES), st.integers(0, 400)), max_size=20)


def covered(blocks: tuple[Block, ...], table: Table) -> list[range]:
    return [range(block.start, block.start + block.size) for block in blocks if block.table == table]


@given(cells(), LIMITS, CUTS)
def test_every_point_is_read_exactly_once_within_the_limits(points: list[Cell], limits: Limits, cuts: set[Cut]) -> None:
    blocks = plan(points, limits, cuts)
    assert sorted(point.place for block in blocks for point in block.cells) == [point.place for point in points]
    for block in blocks:
        size, hole = limits.of(block.table)
        assert block.size <= size
        assert {point.table for point in block.cells} == {block.table}
        used = {address for point in block.cells for address in range(point.start, point.end)}
        gaps = [b - a - 1 for a, b in pairwise(sorted(used))]
        assert max(gaps, default=0) <= hole


@given(cells(), LIMITS, CUTS)
def test_no_block_reads_across_a_cut_unless_a_point_lies_across_it(
    points: list[Cell], limits: Limits, cuts: set[Cut]
) -> None:
    for block in plan(points, limits, cuts):
        for table, address in cuts:
            if table == block.table and block.start < address < block.start + block.size:
                assert len(block.cells) == 1 or len({point.span for point in block.cells}) == 1


@given(cells(), LIMITS, st.data())
def test_what_does_not_exist_is_not_read(points: list[Cell], limits: Limits, data: st.DataObject) -> None:
    absent: set[Span] = data.draw(st.sets(st.sampled_from([point.span for point in points]))) if points else set()
    blocks = plan(points, limits, absent=absent)
    read = {point.place for block in blocks for point in block.cells}
    assert read == {point.place for point in points if point.span not in absent}
    for table, start, end in absent:
        for span in covered(blocks, table):
            others = [point for point in points if point.span not in absent and point.table == table]
            if not any(point.start < end and start < point.end for point in others):
                assert not set(span) & set(range(start, end))


@given(cells().filter(bool), st.sampled_from(TABLES))
def test_halves_are_two_blocks_with_the_same_points_and_none_alike_apart(points: list[Cell], table: Table) -> None:
    block = Block(tuple(sorted((point._replace(table=table) for point in points), key=lambda point: point.span)))
    assert block.is_whole == (len({point.span for point in block.cells}) == 1)
    if block.is_whole:
        return
    left, right = block.halves()
    assert left.cells + right.cells == block.cells
    assert left.cells
    assert right.cells
    assert not {point.span for point in left.cells} & {point.span for point in right.cells}


def test_a_block_is_halved_at_its_largest_hole() -> None:
    block = Block(tuple(cell(at, "holding", start) for at, start in enumerate([1, 2, 3, 4, 9])))
    assert [len(half.cells) for half in block.halves()] == [4, 1]


def test_a_block_without_holes_is_halved_in_the_middle() -> None:
    block = Block(tuple(cell(at, "holding", at) for at in range(10)))
    assert [len(half.cells) for half in block.halves()] == [5, 5]


def test_a_hundred_registers_are_one_request_and_two_hundred_are_two() -> None:
    assert [block.size for block in blocks_of(registers(*range(100)))] == [100]
    assert [block.size for block in blocks_of(registers(*range(200)))] == [125, 75]


def test_each_table_may_have_holes_of_its_own() -> None:
    points = {f"{table}{at}": {"address": at, "table": table} for table in ("holding", "input") for at in (0, 9)}
    bits = {
        f"{table}{at}": {"address": at, "table": table, "type": "bool"}
        for table in ("coil", "discrete")
        for at in (0, 9)
    }
    holes = {"registers": 8, "bits": 8, "input": 7, "coil": 7}
    assert [(block.table, block.size) for block in blocks_of(device(points | bits, max_hole=holes))] == [
        ("coil", 1),
        ("coil", 1),
        ("discrete", 10),
        ("holding", 10),
        ("input", 1),
        ("input", 1),
    ]


def test_without_blocks_each_point_is_a_request_of_its_own_whatever_its_width() -> None:
    points: dict[str, dict[str, Any]] = {
        "a": {"address": 0},
        "b": {"address": 1, "type": "float32"},
        "c": {"address": 3},
    }
    assert [block.size for block in blocks_of(device(points))] == [4]
    assert [block.size for block in blocks_of(device(points, blocks=False))] == [1, 2, 1]


@given(cells(), LIMITS)
def test_without_blocks_only_points_at_the_same_addresses_share_a_request(points: list[Cell], limits: Limits) -> None:
    blocks = plan(points, limits._replace(blocks=False))
    assert sorted(point.place for block in blocks for point in block.cells) == [point.place for point in points]
    for block in blocks:
        assert block.size <= max(point.end - point.start for point in block.cells)


def test_an_address_counted_from_one_is_one_less_on_the_wire() -> None:
    assert cell_of(registers(40001, address_base=1), "r40001").start == 40000


def test_bits_and_bytes_of_one_register_are_one_request_for_one_register() -> None:
    bits: dict[str, dict[str, Any]] = {f"bit{n}": {"address": 7, "type": "bool", "bits": n} for n in range(16)}
    halves: dict[str, dict[str, Any]] = {
        byte: {"address": 7, "type": "uint8", "byte": byte} for byte in ("high", "low")
    }
    assert [block.size for block in blocks_of(device(bits | halves))] == [1]


def test_a_power_of_ten_is_read_along_once_and_is_no_point() -> None:
    points: dict[str, dict[str, Any]] = {name: {"address": at, "scale_from": 9} for at, name in enumerate("abc", 5)}
    assert [block.size for block in blocks_of(device(points))] == [5]


def test_each_table_and_order_has_its_own_power_of_ten() -> None:
    points: dict[str, dict[str, Any]] = {
        "a": {"address": 5, "scale_from": 9},
        "b": {"address": 6, "scale_from": 9, "order": "BADC"},
        "c": {"address": 6, "scale_from": 9, "table": "input"},
        "d": {"address": 7, "scale_from": 9},
    }
    configured = device(points, address_base=1)
    (group,) = configured.groups("d")
    hidden = [cell for cell in cells_of(configured, group) if cell.hidden]
    assert [(cell.place, cell.table, cell.start, cell.order) for cell in hidden] == [
        (4, "holding", 8, "ABCD"),
        (5, "holding", 8, "BADC"),
        (6, "input", 8, "ABCD"),
    ]
