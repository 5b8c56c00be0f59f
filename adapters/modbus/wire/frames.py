"""Requests, and what their replies must begin with, whatever frame is put around them: pymodbus encodes, once. Pure."""

from __future__ import annotations

from typing import NamedTuple

from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteMultipleCoilsResponse,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    MaskWriteRegisterRequest,
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    ReadWriteMultipleRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteMultipleRegistersResponse,
    WriteSingleRegisterRequest,
)

from adapters.modbus.blocks.plan import Block
from adapters.modbus.blocks.registers import data_size
from adapters.modbus.config import Table

DATA_AT = 3
"""Where the data of a read's reply begins: after unit, function and size (V1.1b3, 6.1 to 6.4)."""

REGISTER_BYTES = 2

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


def fetch_frames(unit: int, start: int, count: int) -> Frames:
    """Read holding registers, whatever is in them."""
    pdu = ReadHoldingRegistersRequest(address=start, count=count, dev_id=unit)
    size = count * REGISTER_BYTES
    return Frames(_body(pdu), bytes([unit, pdu.function_code, size]), DATA_AT + size)


def write_frames(unit: int, table: Table, start: int, data: bytes, *, multiple: bool) -> Frames:
    """Write neighbours: `data` has a byte for each coil, two for each register; only one may go without `multiple`."""
    if table == "coil":
        return _coils(unit, start, [bool(bit) for bit in data], multiple=multiple)
    registers = _words(data)
    if not multiple:
        (register,) = registers
        return _echoed(WriteSingleRegisterRequest(address=start, registers=[register], dev_id=unit))
    request = WriteMultipleRegistersRequest(address=start, registers=registers, dev_id=unit)
    return _counted(request, WriteMultipleRegistersResponse(address=start, count=len(registers), dev_id=unit))


def mask_frames(unit: int, address: int, mask: int, bits: int) -> Frames:
    """Write those bits of one register that are set in `mask`; the device keeps the others (V1.1b3, 6.16)."""
    keep = ~mask & 0xFFFF
    return _echoed(MaskWriteRegisterRequest(address=address, and_mask=keep, or_mask=bits & mask, dev_id=unit))


def write_read_frames(unit: int, start: int, data: bytes, block: Block) -> Frames:
    """Write neighbouring registers, then read a block, in one request; answered like a read (V1.1b3, 6.17)."""
    pdu = ReadWriteMultipleRegistersRequest(
        read_address=block.start, read_count=block.size, write_address=start, write_registers=_words(data), dev_id=unit
    )
    size = data_size(block)
    return Frames(_body(pdu), bytes([unit, pdu.function_code, size]), DATA_AT + size)


def _coils(unit: int, start: int, bits: list[bool], *, multiple: bool) -> Frames:
    if not multiple:
        (bit,) = bits
        return _echoed(WriteSingleCoilRequest(address=start, bits=[bit], dev_id=unit))
    request = WriteMultipleCoilsRequest(address=start, bits=bits, dev_id=unit)
    return _counted(request, WriteMultipleCoilsResponse(address=start, count=len(bits), dev_id=unit))


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + REGISTER_BYTES], "big") for at in range(0, len(data), REGISTER_BYTES)]


def _counted(request: ModbusPDU, response: ModbusPDU) -> Frames:
    """Several are confirmed by their first address and their number (V1.1b3, 6.11, 6.12)."""
    reply = _body(response)
    return Frames(_body(request), reply, len(reply))


def _echoed(pdu: ModbusPDU) -> Frames:
    """Single ones are echoed whole (V1.1b3, 6.5, 6.6, 6.16)."""
    body = _body(pdu)
    return Frames(body, body, len(body))


def _body(pdu: ModbusPDU) -> bytes:
    """Unit id, function code and what follows."""
    return bytes([pdu.dev_id, pdu.function_code]) + pdu.encode()
