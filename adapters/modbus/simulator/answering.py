"""From a request to its answer: pymodbus' requests, at work on one unit's memory. Pure."""

from __future__ import annotations

import struct
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    MaskWriteRegisterRequest,
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    ReadWriteMultipleRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from adapters.modbus.simulator.memory import Memory
from adapters.modbus.wire.exchange import EXCEPTION

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
"""MODBUS Application Protocol V1.1b3, 7."""

T = TypeVar("T")

SERVED: dict[int, type[ModbusPDU]] = {
    each.function_code: each
    for each in (
        ReadCoilsRequest,
        ReadDiscreteInputsRequest,
        ReadHoldingRegistersRequest,
        ReadInputRegistersRequest,
        WriteSingleCoilRequest,
        WriteSingleRegisterRequest,
        WriteMultipleCoilsRequest,
        WriteMultipleRegistersRequest,
        MaskWriteRegisterRequest,
        ReadWriteMultipleRegistersRequest,
    )
}
"""By function code."""


def answer(memory: Memory, request: bytes) -> bytes:
    """Function and what follows, of a request and of its answer."""
    function = request[0]
    if function not in SERVED:
        return refusal(function, ILLEGAL_FUNCTION)
    pdu = SERVED[function]()
    try:
        pdu.decode(request[1:])
    except (ModbusException, ValueError, IndexError, struct.error):
        return refusal(function, ILLEGAL_VALUE)
    if code := _trouble(memory, pdu, request):
        return refusal(function, code)
    reply = _at_once(pdu.datastore_update(cast("Any", memory), 0))
    return bytes([reply.function_code]) + reply.encode()


def refusal(function: int, code: int) -> bytes:
    """An exception (MODBUS Application Protocol V1.1b3, 7)."""
    return bytes([function | EXCEPTION, code])


def _trouble(memory: Memory, pdu: ModbusPDU, request: bytes) -> int:
    """What pymodbus lets pass, as an exception code: a coil is on or off (6.5), 23 reads only what exists (6.17)."""
    if isinstance(pdu, WriteSingleCoilRequest) and pdu.encode() != request[1:]:
        return ILLEGAL_VALUE
    if isinstance(pdu, ReadWriteMultipleRegistersRequest):
        exists = memory.read("holding", pdu.read_address, pdu.read_count) is not None
        return 0 if exists else ILLEGAL_ADDRESS
    return 0


def _at_once(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing: pymodbus' could, with a store that is far away."""
    try:
        work.send(None)
    except StopIteration as done:
        return cast("T", done.value)
    raise RuntimeError("a memory that is here is waited for")
