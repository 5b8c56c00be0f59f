"""A raw read, ahead of polls like any command's."""

from __future__ import annotations

from adapters.modbus.bus.awaited import NotSent
from adapters.modbus.commands.asking import Port, ask
from adapters.modbus.commands.verdict import not_sent, unread
from adapters.modbus.search.raw import Wanted, told
from adapters.modbus.wire.frames import read_frames
from adapters.modbus.wire.words import explain
from gateway.model import Result, ResultStatus


async def peek(port: Port, what: Wanted) -> Result:
    """What is there."""
    outcome = await ask(port, read_frames(port.device.unit_id, what.block))
    if isinstance(outcome, NotSent):
        return not_sent(outcome)
    if isinstance(outcome, bytes):
        return Result(ResultStatus.DONE, found=(told(what, outcome),))
    return unread(outcome, explain(outcome))
