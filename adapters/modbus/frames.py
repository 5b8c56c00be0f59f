"""Requests as they go on the wire, and what their replies must begin with: pymodbus encodes, once. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteMultipleRegistersResponse,
    WriteSingleRegisterRequest,
)

from adapters.modbus.config import Table
from adapters.modbus.plan import Block, Cell
from adapters.modbus.registers import data_size

TRANSACTION_BYTES = 2
"""At the front of a frame; given when it is sent (MODBUS Messaging on TCP/IP V1.0b, 3.1.3)."""

READS: dict[Table, type[ModbusPDU]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}

_framer = FramerSocket(DecodePDU(is_server=False))


class Frames(NamedTuple):
    """A request and the beginning of its reply, both without their transaction number."""

    request: bytes
    expected: bytes


def read_frames(unit: int, block: Block) -> Frames:
    """Read a block; the data follows what is expected."""
    pdu = READS[block.table](address=block.start, count=block.size, dev_id=unit)
    size = data_size(block)
    head = bytes([pdu.function_code, size])
    return Frames(_frame(pdu), _framer.encode(head + bytes(size), unit, 0)[TRANSACTION_BYTES:][: len(head) + 5])


def write_frames(unit: int, cell: Cell, data: bytes) -> Frames:
    """Write a point; `data` as on the wire. Single writes are echoed whole (V1.1b3, 6.5, 6.6, 6.12)."""
    if cell.table == "coil":
        echo = _frame(WriteSingleCoilRequest(address=cell.start, bits=[any(data)], dev_id=unit))
        return Frames(echo, echo)
    registers = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
    if len(registers) == 1:
        echo = _frame(WriteSingleRegisterRequest(address=cell.start, registers=registers, dev_id=unit))
        return Frames(echo, echo)
    request = WriteMultipleRegistersRequest(address=cell.start, registers=registers, dev_id=unit)
    reply = WriteMultipleRegistersResponse(address=cell.start, count=len(registers), dev_id=unit)
    return Frames(_frame(request), _frame(reply))


def _frame(pdu: ModbusPDU) -> bytes:
    return _framer.buildFrame(pdu)[TRANSACTION_BYTES:]
