"""What a device says to a request, and to one that it can't carry out (MODBUS Application Protocol V1.1b3, 6)."""

import struct

import pytest

from adapters.modbus.blocks.plan import Cell
from adapters.modbus.simulator.answering import answer
from adapters.modbus.simulator.memory import Memory
from gateway.values import Quantity


def pdu(layout: str, *values: int) -> bytes:
    return struct.pack(f">{layout}", *values)


@pytest.fixture
def memory() -> Memory:
    """Registers 10 to 15 and bits 10 to 25 of every table; holding register 10 + n holds n."""
    word, bit = Quantity("uint16"), Quantity("bool")
    cells = [
        *(Cell(0, "", "holding", at, at + 1, word, "ABCD") for at in (10, 15)),
        *(Cell(0, "", "input", at, at + 1, word, "ABCD") for at in (10, 15)),
        *(Cell(0, "", "coil", at, at + 1, bit, "ABCD") for at in (10, 25)),
        *(Cell(0, "", "discrete", at, at + 1, bit, "ABCD") for at in (10, 25)),
    ]
    made = Memory(cells)
    made.write("holding", 10, range(6))
    made.write("coil", 10, [1, 0, 1, 1])
    return made


@pytest.mark.parametrize(("request_", "reply"), [
    (pdu("BHH", 1, 10, 4), pdu("BBB", 1, 1, 0b1101)),
    (pdu("BHH", 2, 10, 9), pdu("BBBB", 2, 2, 0, 0)),
    (pdu("BHH", 3, 11, 2), pdu("BBHH", 3, 4, 1, 2)),
    (pdu("BHH", 4, 15, 1), pdu("BBH", 4, 2, 0)),
    (pdu("BHH", 5, 11, 0xFF00), pdu("BHH", 5, 11, 0xFF00)),
    (pdu("BHH", 6, 11, 99), pdu("BHH", 6, 11, 99)),
    (pdu("BHHBB", 15, 11, 2, 1, 3), pdu("BHH", 15, 11, 2)),
    (pdu("BHHBHH", 16, 11, 2, 4, 7, 8), pdu("BHH", 16, 11, 2)),
    (pdu("BHHH", 22, 13, 0xFFF0, 0x0005), pdu("BHHH", 22, 13, 0xFFF0, 0x0005)),
    (pdu("BHHHHBH", 23, 10, 3, 11, 1, 2, 99), pdu("BBHHH", 23, 6, 0, 99, 2)),
])  # fmt: skip
def test_each_function_is_answered(memory: Memory, request_: bytes, reply: bytes) -> None:
    assert answer(memory, request_) == reply


def test_what_is_written_stays(memory: Memory) -> None:
    answer(memory, pdu("BHH", 5, 11, 0xFF00))
    answer(memory, pdu("BHHBB", 15, 12, 3, 1, 0b101))
    answer(memory, pdu("BHHBHH", 16, 11, 2, 4, 7, 8))
    answer(memory, pdu("BHHH", 22, 13, 0xFFF0, 0x0005))
    assert memory.read("holding", 10, 6) == [0, 7, 8, 5, 4, 5]
    assert memory.read("coil", 10, 5) == [1, 1, 1, 0, 1]


@pytest.mark.parametrize(("request_", "code"), [
    (pdu("BHH", 7, 0, 0), 1), (pdu("BBBB", 43, 14, 1, 0), 1), (pdu("BHH", 100, 10, 1), 1),
    (pdu("BHH", 3, 9, 1), 2), (pdu("BHH", 3, 15, 2), 2), (pdu("BHH", 3, 65535, 2), 2), (pdu("BHH", 1, 25, 2), 2),
    (pdu("BHH", 5, 26, 0xFF00), 2), (pdu("BHH", 6, 16, 1), 2), (pdu("BHHBHH", 16, 15, 2, 4, 7, 8), 2),
    (pdu("BHHBB", 15, 25, 2, 1, 3), 2), (pdu("BHHH", 22, 16, 0, 0), 2),
    (pdu("BHHHHBH", 23, 15, 2, 11, 1, 2, 99), 2), (pdu("BHHHHBH", 23, 10, 2, 16, 1, 2, 99), 2),
    (pdu("BHH", 3, 10, 0), 3), (pdu("BHH", 3, 10, 126), 3), (pdu("BHH", 1, 10, 2001), 3),
    (pdu("BHH", 5, 10, 0x1234), 3), (pdu("BHHBH", 16, 11, 2, 4, 7), 3), (pdu("BHHB", 16, 11, 0, 0), 3),
    (pdu("BHHBB", 15, 11, 9, 1, 3), 3), (pdu("B", 3), 3), (pdu("BHHHHBH", 23, 10, 126, 11, 1, 2, 99), 3),
])  # fmt: skip
def test_what_can_not_be_done_is_refused_and_changes_nothing(memory: Memory, request_: bytes, code: int) -> None:
    assert answer(memory, request_) == bytes([request_[0] | 0x80, code])
    assert memory.read("holding", 10, 6) == [0, 1, 2, 3, 4, 5]
    assert memory.read("coil", 10, 5) == [1, 0, 1, 1, 0]
