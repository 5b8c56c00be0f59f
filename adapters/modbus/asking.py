"""How a command asks a device: one request ahead of polls, or as many as it takes to read some points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from adapters.modbus.awaited import Ask, NotSent, Outcome
from adapters.modbus.bus import Bus
from adapters.modbus.config import ModbusDevice
from adapters.modbus.frames import Frames, read_frames
from adapters.modbus.learn import SPLIT_CODES, Learned
from adapters.modbus.plan import Cell, limits_of, plan
from adapters.modbus.unit import Unit, is_silence
from adapters.modbus.verdict import WORTH, not_sent, unread
from adapters.modbus.words import explain
from adapters.modbus.writes import sort
from gateway.adapter import Wrote
from gateway.model import Bad, Result, ResultStatus, Value


class Port(NamedTuple):
    """Where a device is asked, and until when (the loop's clock) anything may be sent to it."""

    device: ModbusDevice
    unit: Unit
    bus: Bus
    learned: Learned
    not_after_s: float


async def ask(port: Port, frames: Frames, wrote: Wrote | None = None) -> Outcome:
    """Send one request ahead of polls; `wrote` is shown it as it goes."""
    outcome = await port.bus.ask(Ask(frames, port.device.timeout, port.not_after_s, wrote))
    if speaks(outcome):
        port.unit.answered()
    return outcome


def speaks(outcome: Outcome) -> bool:
    """Whether the device itself has said something, if only that it refuses."""
    return isinstance(outcome, bytes) or (isinstance(outcome, Bad) and bool(outcome.code) and not is_silence(outcome))


async def read_all(port: Port, cells: Iterable[Cell]) -> Result:
    """Read these points now."""
    cells = tuple(cells)
    values: dict[str, Value] = {}
    bad: dict[str, Bad] = {}
    edges = {(table, at) for table, *ends in port.learned.absent for at in ends}
    blocks = list(plan(cells, limits_of(port.device), port.learned.cuts | edges))
    while blocks:
        block = blocks.pop(0)
        outcome = await ask(port, read_frames(port.device.unit_id, block))
        if isinstance(outcome, NotSent):
            return not_sent(outcome)
        if isinstance(outcome, bytes):
            sort(block, outcome, values, bad)
        elif outcome.code in SPLIT_CODES and len(block.cells) > 1:
            blocks[:0] = block.halves()
        else:
            bad |= {cell.name: outcome for cell in block.cells}
    return _read_result({cell.name: values[cell.name] for cell in cells if cell.name in values}, bad)


def _read_result(values: dict[str, Value], bad: dict[str, Bad]) -> Result:
    causes = [why for why in bad.values() if why.reason not in WORTH]
    if values or len(causes) < len(bad):
        return Result(ResultStatus.DONE, values=values, bad=bad)
    return unread(causes[0], explain(causes[0]), bad)
