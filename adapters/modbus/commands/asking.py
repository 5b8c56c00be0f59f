"""How a command asks a device: one request ahead of polls, or as many as it takes to read some points."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from adapters.modbus.blocks.learn import SPLIT_CODES, Learned
from adapters.modbus.blocks.plan import Block, Cell, limits_of, plan, with_factors
from adapters.modbus.blocks.scaling import NOT_SCALED, Scaling
from adapters.modbus.bus.awaited import Ask, NotSent, Outcome
from adapters.modbus.bus.bus import Bus
from adapters.modbus.bus.unit import Unit, is_silence
from adapters.modbus.commands.verdict import not_sent, unread
from adapters.modbus.commands.writes import known, sort
from adapters.modbus.config import ModbusDevice
from adapters.modbus.wire.frames import Frames, read_frames
from adapters.modbus.wire.words import explain
from gateway.adapter import Wrote
from gateway.model import OF_A_VALUE, Bad, Result, ResultStatus, Value


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


def blocks_of(port: Port, cells: Iterable[Cell]) -> list[Block]:
    """The requests that read these, by what is known of the device."""
    edges = {(table, at) for table, *ends in port.learned.absent for at in ends}
    return list(plan(cells, limits_of(port.device), port.learned.cuts | edges))


async def read_all(port: Port, names: Iterable[str]) -> Result:
    """Read these points now, and the powers of ten that they have; raises Rejected."""
    points = [known(port.device, name, place) for place, name in enumerate(names)]
    cells = with_factors(points)
    numbers: dict[str, Value] = {}
    bad: dict[str, Bad] = {}
    if (why := await _read(port, cells, numbers, bad)) is not None:
        return not_sent(why)
    values = Scaling(cells).sift([numbers.get(cell.name) for cell in cells], bad)
    good = {cell.name: value for cell, value in zip(points, values, strict=True) if value is not None}
    return _read_result(good, bad)


async def read_exponents(port: Port, names: Iterable[str]) -> dict[str, int] | Result:
    """The powers of ten of those of these points that have one, read now; or why they can't be told."""
    points = [known(port.device, name) for name in names]
    varying = [cell._replace(place=place) for place, cell in enumerate(p for p in points if p.scale_from is not None)]
    cells = with_factors(varying)
    numbers: dict[str, Value] = {}
    bad: dict[str, Bad] = {}
    if (why := await _read(port, cells[len(varying) :], numbers, bad)) is not None:
        return not_sent(why)
    found = Scaling(cells).exponents([numbers.get(cell.name) for cell in cells])
    lost = [name for name, exponent in found.items() if exponent is None]
    if not lost:
        return {name: exponent for name, exponent in found.items() if exponent is not None}
    cause = next(iter(bad.values()), NOT_SCALED)
    said = "the device gives none" if cause is NOT_SCALED else explain(cause)
    return unread(cause, f"nothing was written, since the power of ten of {', '.join(lost)} is not known: {said}")


async def _read(port: Port, cells: Iterable[Cell], numbers: dict[str, Value], bad: dict[str, Bad]) -> NotSent | None:
    """Add what is read of each; why it could not be asked for, if so. Who did not answer before is asked only once."""
    blocks = blocks_of(port, cells)
    while blocks:
        block = blocks.pop(0)
        outcome = await ask(port, read_frames(port.device.unit_id, block))
        if isinstance(outcome, NotSent):
            return outcome
        if isinstance(outcome, bytes):
            sort(block, outcome, numbers, bad)
        elif outcome.code in SPLIT_CODES and not block.is_whole:
            blocks[:0] = block.halves()
        else:
            bad |= {cell.name: outcome for cell in block.cells}
        if isinstance(outcome, Bad) and is_silence(outcome) and port.unit.patience.failures:
            bad |= {cell.name: outcome for rest in blocks for cell in rest.cells}
            return None
    return None


def _read_result(values: dict[str, Value], bad: dict[str, Bad]) -> Result:
    causes = [why for why in bad.values() if why.reason not in OF_A_VALUE]
    if values or len(causes) < len(bad):
        return Result(ResultStatus.DONE, values=values, bad=bad)
    return unread(causes[0], explain(causes[0]), bad)
