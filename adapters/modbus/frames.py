"""Requests, and what their replies must begin with, whatever frame is put around them: pymodbus encodes, once. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pymodbus.pdu import ModbusPDU
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

DATA_AT = 3
"""Where the data of a read's reply begins: after unit, function and size (V1.1b3, 6.1 to 6.4)."""

READS: dict[Table, type[ModbusPDU]] = {
    "coil": ReadCoilsRequest,
    "discrete": ReadDiscreteInputsRequest,
    "holding": ReadHoldingRegistersRequest,
    "input": ReadInputRegistersRequest,
}


class Frames(NamedTuple):
    """A request and the beginning of its reply, both from the unit id on; `size`: bytes of the whole reply likewise."""

    request: bytes
    expected: bytes
    size: int


def read_frames(unit: int, block: Block) -> Frames:
    """Read a block; the data follows what is expected."""
    pdu = READS[block.table](address=block.start, count=block.size, dev_id=unit)
    size = data_size(block)
    return Frames(_body(pdu), bytes([unit, pdu.function_code, size]), DATA_AT + size)


def write_frames(unit: int, cell: Cell, data: bytes) -> Frames:
    """Write a point; `data` as on the wire. Single writes are echoed whole (V1.1b3, 6.5, 6.6, 6.12)."""
    if cell.table == "coil":
        return _echoed(WriteSingleCoilRequest(address=cell.start, bits=[any(data)], dev_id=unit))
    registers = [int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2)]
    if len(registers) == 1:
        return _echoed(WriteSingleRegisterRequest(address=cell.start, registers=registers, dev_id=unit))
    request = WriteMultipleRegistersRequest(address=cell.start, registers=registers, dev_id=unit)
    reply = _body(WriteMultipleRegistersResponse(address=cell.start, count=len(registers), dev_id=unit))
    return Frames(_body(request), reply, len(reply))


def _echoed(pdu: ModbusPDU) -> Frames:
    body = _body(pdu)
    return Frames(body, body, len(body))


def _body(pdu: ModbusPDU) -> bytes:
    """Unit id, function code and what follows."""
    return bytes([pdu.dev_id, pdu.function_code]) + pdu.encode()
