"""Points of one command as requests: neighbours together, nothing else touched, nothing out of order."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.modbus.blocks.plan import Block
from adapters.modbus.commands.bundle import Bundle, Write, bundles
from adapters.modbus.commands.writes import writes_of
from adapters.modbus.config import ModbusDevice
from adapters.modbus.wire.frames import Frames, mask_frames, write_frames, write_read_frames
from gateway.adapter import Rejected
from gateway.model import Value
from tests.modbus.setup import cell, device

TYPES = ["uint16", "int16", "uint32", "float32", "uint64"]


def plant(addresses: dict[str, int], kind: str = "uint16", **more: Any) -> ModbusDevice:
    points = {name: {"address": at, "type": kind, "writable": True} for name, at in addresses.items()}
    return device(points, **more)


def requests(target: ModbusDevice, *names: str) -> list[tuple[int, int]]:
    """First address and size of each request for these points, in this order."""
    return [(bundle.start, bundle.size) for bundle in bundles(target, writes_of(target, dict.fromkeys(names, 1)))]


def masked(start: int, data: int, mask: int) -> Write:
    """A bit field of one register."""
    return Write(cell(0, start, "uint16"), start, data.to_bytes(2, "big"), mask.to_bytes(2, "big"), data, 1.0, None)


@pytest.mark.parametrize("names", ["abc", "cba", "acb", "bca"])
def test_neighbours_are_one_request_in_whatever_order_they_are_named(names: str) -> None:
    assert requests(plant({"a": 10, "b": 11, "c": 12}), *names) == [(10, 3)]


def test_a_hole_is_never_written() -> None:
    assert requests(plant({"a": 10, "b": 12}), "a", "b") == [(10, 1), (12, 1)]


def test_what_is_no_neighbour_keeps_its_turn() -> None:
    target = plant({"a": 10, "b": 11, "far": 50})
    assert requests(target, "a", "far", "b") == [(10, 1), (50, 1), (11, 1)]
    assert requests(target, "far", "b", "a") == [(50, 1), (10, 2)]


def test_points_that_share_a_register_are_written_one_after_the_other() -> None:
    target = device({"long": {"address": 10, "type": "uint32", "writable": True},
                     "low": {"address": 11, "type": "uint16", "writable": True}})  # fmt: skip
    assert requests(target, "long", "low") == [(10, 2), (11, 1)]
    assert requests(target, "low", "long") == [(11, 1), (10, 2)]


@pytest.mark.parametrize(
    ("more", "size"),
    [({}, 123), ({"read_write": True}, 121), ({"max_registers": 40}, 40), ({"write": "single"}, 1)],
)
def test_no_request_holds_more_registers_than_it_may(more: dict[str, Any], size: int) -> None:
    names = {f"r{address}": address for address in range(300)}
    sizes = [size for _, size in requests(plant(names, **more), *names)]
    assert sum(sizes) == 300
    assert max(sizes) == size


def test_no_request_holds_more_coils_than_it_may() -> None:
    points = {f"c{at}": {"address": at, "table": "coil", "type": "bool", "writable": True} for at in range(2000)}
    assert requests(device(points), *points) == [(0, 1968), (1968, 32)]


def test_coils_and_registers_at_the_same_address_stay_apart() -> None:
    target = device({"c": {"address": 10, "table": "coil", "type": "bool", "writable": True},
                     "r": {"address": 11, "type": "uint16", "writable": True}})  # fmt: skip
    assert requests(target, "c", "r") == [(10, 1), (11, 1)]


def test_fields_of_one_register_are_one_write() -> None:
    target = plant({"a": 10})
    (bundle,) = bundles(target, [masked(10, 0x0008, 0x0018), masked(10, 0x0100, 0x0300)])
    assert (bundle.data, bundle.mask) == (b"\x01\x08", b"\x03\x18")
    assert bundle.filled(b"\xff\xff") == b"\xfd\xef"
    assert bundle.filled(b"\x00\x00") == b"\x01\x08"
    assert bundle.words == [(10, 0x0318, 0x0108)]


def test_fields_that_share_a_bit_are_written_one_after_the_other() -> None:
    assert len(bundles(plant({"a": 10}), [masked(10, 8, 0x18), masked(10, 0, 0x10)])) == 2


def test_a_field_joins_its_neighbours_only_where_it_is_read_before() -> None:
    whole = writes_of(plant({"a": 11}), {"a": 7})
    assert len(bundles(plant({"a": 11}), [masked(10, 8, 0x18), *whole])) == 1
    assert len(bundles(plant({"a": 11}, mask_write=True), [masked(10, 8, 0x18), *whole])) == 2


def test_a_field_is_read_alone_where_a_device_refuses_to_have_several_read_at_once() -> None:
    target = plant({"a": 11, "b": 12}, blocks=False)
    assert len(bundles(target, [masked(10, 8, 0x18), *writes_of(target, {"a": 7, "b": 8})])) == 2


@pytest.mark.parametrize(
    ("point", "value", "written"),
    [
        ({"writable": {"max": 80}}, 80, 80),
        ({"writable": {"max": 80}, "scale": 0.3}, 79.9, 79.8),
        ({"writable": {"max": 80}, "scale": 0.3}, 80, None),
        ({"writable": {"min": 20}, "scale": 0.3}, 20, 20.1),
        ({"writable": {"min": 20}, "scale": 0.9}, 20, None),
        ({"writable": {"max": 0.1}, "type": "float32"}, 0.1, 0.1),
        ({"writable": True, "invalid": 0xFFFF}, 0xFFFE, 0xFFFE),
        ({"writable": True, "invalid": 0xFFFF}, 0xFFFF, None),
    ],
)
def test_what_is_really_written_keeps_to_the_limits(point: dict[str, Any], value: float, written: float | None) -> None:
    target = device({"p": {"address": 1, "type": "uint16", **point}})
    if written is not None:
        assert [write.value for write in writes_of(target, {"p": value})] == [written]
        return
    with pytest.raises(Rejected) as caught:
        writes_of(target, {"p": value})
    assert caught.value.reason == "out-of-range"


def test_a_fail_safe_value_that_its_register_would_take_beyond_the_limit_is_an_error() -> None:
    points = {"p": {"address": 1, "type": "uint16", "scale": 0.3, "writable": {"max": 80}}}
    with pytest.raises(ValidationError, match=r"80\.1 is the nearest value that can be written, and outside"):
        device(points, on_uplink_lost={"after": "1min", "write": {"p": 80}})


@st.composite
def commands(draw: st.DrawFn) -> tuple[ModbusDevice, dict[str, Value]]:
    """A device whose points may overlap, and values for some of them."""
    places = draw(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(TYPES)), min_size=1, max_size=8))
    points = {f"p{n}": {"address": at, "type": kind, "writable": True} for n, (at, kind) in enumerate(places)}
    names = draw(st.lists(st.sampled_from(sorted(points)), min_size=1, unique=True))
    more = {"write": "multiple", "max_registers": draw(st.sampled_from([4, 5, 125]))}
    return device(points, **more), {name: draw(st.integers(0, 1000)) for name in names}


@given(commands())
def test_requests_leave_the_same_registers_as_writing_point_after_point(
    command: tuple[ModbusDevice, dict[str, Value]],
) -> None:
    target, values = command
    writes = writes_of(target, values)
    row = bundles(target, writes)
    assert _written(row) == _written([_alone(write) for write in writes])
    assert [write.cell.name for bundle in row for write in bundle.writes] == list(values)
    assert all(bundle.size <= target.max_registers for bundle in row)


@given(commands())
def test_neighbours_in_the_order_of_a_command_are_never_two_requests(
    command: tuple[ModbusDevice, dict[str, Value]],
) -> None:
    target, values = command
    row = bundles(target, writes_of(target, values))
    for one, other in pairwise(row):
        touch = one.end == other.start or other.end == one.start
        assert not touch or one.size + other.size > target.max_registers


@given(data=st.binary(min_size=2, max_size=2), mask=st.binary(min_size=2, max_size=2), found=st.integers(0, 0xFFFF))
def test_reading_and_writing_a_field_is_what_function_22_does(data: bytes, mask: bytes, found: int) -> None:
    field = Bundle("holding", 5, bytes(a & b for a, b in zip(data, mask, strict=True)), mask, ())
    filled = int.from_bytes(data if field.is_whole else field.filled(found.to_bytes(2, "big")), "big")
    for address, bits_of, bits in field.words:
        request = mask_frames(1, address, bits_of, bits).request
        keep, set_ = int.from_bytes(request[4:6], "big"), int.from_bytes(request[6:8], "big")
        assert filled == (found & keep) | (set_ & ~keep)  # V1.1b3, 6.16
    if not field.words:
        assert filled == found


BLOCK = Block((cell(0, 3, "uint16"), cell(1, 4, "uint32"), cell(2, 6, "uint16"), cell(3, 7, "uint32")))


@pytest.mark.parametrize(
    ("frames", "request_", "expected", "size"),
    [  # the examples of MODBUS Application Protocol V1.1b3: 6.5, 6.6, 6.11, 6.12, 6.16, 6.17
        (write_frames(1, "coil", 0xAC, b"\x01", multiple=False), "010500acff00", "010500acff00", 6),
        (write_frames(1, "holding", 1, b"\x00\x03", multiple=False), "010600010003", "010600010003", 6),
        (
            write_frames(1, "coil", 0x13, bytes([1, 0, 1, 1, 0, 0, 1, 1, 1, 0]), multiple=True),
            "010f0013000a02cd01", "010f0013000a", 6,
        ),
        (
            write_frames(1, "holding", 1, b"\x00\x0a\x01\x02", multiple=True),
            "01100001000204000a0102", "011000010002", 6,
        ),
        (mask_frames(1, 4, 0xFF0D, 0x0005), "0116000400f20005", "0116000400f20005", 8),
        (
            write_read_frames(1, 0x0E, b"\x00\xff" * 3, BLOCK),
            "011700030006000e00030600ff00ff00ff", "01170c", 15,
        ),
    ],
)  # fmt: skip
def test_requests_are_as_the_specification_shows_them(frames: Frames, request_: str, expected: str, size: int) -> None:
    assert (frames.request.hex(), frames.expected.hex(), frames.size) == (request_, expected, size)


def _alone(write: Write) -> Bundle:
    return Bundle(write.cell.table, write.start, write.data, write.mask, (write,))


def _written(row: list[Bundle]) -> dict[int, bytes]:
    """What all registers hold in the end that any request writes."""
    memory: dict[int, bytes] = {}
    for bundle in row:
        for n in range(bundle.size):
            memory[bundle.start + n] = bundle.data[2 * n : 2 * n + 2]
    return memory
