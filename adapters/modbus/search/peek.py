"""A raw read, ahead of polls like any command's."""

from __future__ import annotations

from adapters.modbus.bus.awaited import Ask, NotSent
from adapters.modbus.bus.bus import Bus
from adapters.modbus.bus.unit import Unit, is_silence
from adapters.modbus.config import ModbusDevice
from adapters.modbus.search.raw import Wanted, told
from adapters.modbus.wire.frames import read_frames
from adapters.modbus.wire.words import explain
from gateway.model import Result, ResultStatus


async def peek(device: ModbusDevice, unit: Unit, bus: Bus, what: Wanted, not_after_s: float) -> Result:
    """What is there; sent by this moment of the loop's clock, if at all."""
    outcome = await bus.ask(Ask(read_frames(device.unit_id, what.block), device.timeout, not_after_s))
    if outcome is NotSent.EXPIRED:
        return Result(ResultStatus.EXPIRED, reason="expired", detail="its time was over before its turn came")
    if isinstance(outcome, NotSent):
        return Result(ResultStatus.UNREACHABLE, reason=outcome.value, detail="it was not sent")
    if isinstance(outcome, bytes):
        unit.answered()
        return Result(ResultStatus.DONE, found=(told(what, outcome),))
    if is_silence(outcome) or outcome.code is None:
        status = ResultStatus.UNREACHABLE if is_silence(outcome) or outcome.reason == "no-link" else ResultStatus.FAILED
        return Result(status, reason=outcome.reason, detail=explain(outcome))
    unit.answered()
    return Result(ResultStatus.FAILED, reason=outcome.reason, detail=explain(outcome))
