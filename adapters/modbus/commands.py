"""Commands: points written one after the other, each read back if it asks for it; points read now."""

from __future__ import annotations

from typing import NamedTuple

from adapters.modbus.awaited import Ask, NotSent, Outcome
from adapters.modbus.bus import Bus
from adapters.modbus.config import ModbusDevice
from adapters.modbus.fields import wire_of
from adapters.modbus.frames import Frames, read_frames, write_frames
from adapters.modbus.learn import SPLIT_CODES, Learned
from adapters.modbus.plan import Block, Cell, cell_of, limits_of, plan, with_factors
from adapters.modbus.registers import layout
from adapters.modbus.scaling import Scaling
from adapters.modbus.unit import Unit, is_silence
from adapters.modbus.words import ACKNOWLEDGE, NO_PATH, explain
from gateway.adapter import Rejected, Wrote
from gateway.model import Bad, BadReason, Command, Result, ResultStatus, Value
from gateway.values import Unwritable


class Write(NamedTuple):
    """One point to write: `data` as on the wire, `value` what it stands for."""

    cell: Cell
    data: bytes
    value: Value
    verify: bool


class Port(NamedTuple):
    """Where a device is asked, and until when (the loop's clock) anything may be sent to it."""

    device: ModbusDevice
    unit: Unit
    bus: Bus
    learned: Learned
    not_after_s: float


def writes_of(device: ModbusDevice, command: Command) -> list[Write]:
    """Everything a command writes, checked and encoded before anything is sent; raises Rejected."""
    return [_write(device, name, value) for name, value in (command.write or {}).items()]


def cells_to_read(device: ModbusDevice, command: Command) -> tuple[Cell, ...]:
    """Everything a command reads, and what it needs to be scaled; raises Rejected."""
    return with_factors([_known(device, name, place) for place, name in enumerate(command.read or ())])


async def write_all(port: Port, writes: list[Write], wrote: Wrote) -> Result:
    """Write in the order given; stop at the first that does not succeed. `wrote` is shown each request as it goes."""
    done: dict[str, Value] = {}
    for write in writes:
        outcome = await _ask(port, write_frames(port.device.unit_id, write.cell, write.data), wrote)
        trouble = _write_trouble(write, outcome)
        if trouble is None and write.verify:
            trouble = await _verify(port, write)
        if trouble is not None:
            return _after(done, trouble)
        done[write.cell.name] = write.value
    return Result(ResultStatus.DONE, values=done)


async def read_all(port: Port, cells: tuple[Cell, ...]) -> Result:
    """Read these points now."""
    values: dict[str, Value] = {}
    bad: dict[str, Bad] = {}
    edges = {(table, at) for table, *ends in port.learned.absent for at in ends}
    blocks = list(plan(cells, limits_of(port.device), port.learned.cuts | edges))
    while blocks:
        block = blocks.pop(0)
        outcome = await _ask(port, read_frames(port.device.unit_id, block))
        if isinstance(outcome, NotSent):
            return _not_sent(outcome)
        if isinstance(outcome, bytes):
            _sort(block, outcome, values, bad)
        elif outcome.code in SPLIT_CODES and not block.is_whole:
            blocks[:0] = block.halves()
        else:
            bad |= {cell.name: outcome for cell in block.cells}
    found = Scaling(cells).sift([values.get(cell.name) for cell in cells], bad)
    named = zip(cells, found, strict=False)  # behind the points there are powers of ten
    return _read_result({cell.name: value for cell, value in named if value is not None}, bad)


def _known(device: ModbusDevice, name: str, place: int = 0) -> Cell:
    if name not in device.points:
        raise Rejected("unknown-point", f"there is no point {name!r}")
    return cell_of(device, name, place)


def _write(device: ModbusDevice, name: str, value: Value) -> Write:
    cell = _known(device, name)
    point = device.points[name]
    if point.writable is False:
        raise Rejected("not-writable", f"{name} is not writable")
    try:
        wire = wire_of(cell, value)
    except Unwritable as error:
        raise Rejected(error.reason, f"{name}: {error}") from None
    if wire.mask is not None or cell.scale_from is not None:
        raise Rejected("not-supported", f"{name} can't be written: it shares its register, or its scale is in another")
    return Write(cell, wire.data, wire.value, point.verify)


def _sort(block: Block, data: bytes, values: dict[str, Value], bad: dict[str, Bad]) -> None:
    shape = layout(block)
    read, spoiled = shape.sift(data, 0)
    values |= {cell.name: value for cell, value in zip(shape.cells, read, strict=True) if value is not None}
    bad |= spoiled


async def _ask(port: Port, frames: Frames, wrote: Wrote | None = None) -> Outcome:
    outcome = await port.bus.ask(Ask(frames, port.device.timeout, port.not_after_s, wrote))
    if isinstance(outcome, bytes) or (isinstance(outcome, Bad) and outcome.code and not is_silence(outcome)):
        port.unit.answered()
    return outcome


def _write_trouble(write: Write, outcome: Outcome) -> Result | None:
    """Why a write did not succeed; None if it did."""
    if isinstance(outcome, bytes):
        return None
    if isinstance(outcome, NotSent):
        return _not_sent(outcome)
    detail = f"{write.cell.name}: {explain(outcome)}"
    if outcome.code == NO_PATH:
        return Result(ResultStatus.UNREACHABLE, reason=outcome.reason, detail=detail)
    if is_silence(outcome) or outcome.code in {None, ACKNOWLEDGE}:
        return Result(ResultStatus.UNKNOWN, reason=outcome.reason, detail=f"{detail}; it may have been written")
    return Result(ResultStatus.FAILED, reason=outcome.reason, detail=detail)


async def _verify(port: Port, write: Write) -> Result | None:
    """Read a written point back; None if it holds what was written, to within half a step."""
    name, block = write.cell.name, Block((write.cell,))
    outcome = await _ask(port, read_frames(port.device.unit_id, block))
    if not isinstance(outcome, bytes):
        why = explain(outcome) if isinstance(outcome, Bad) else "there was no time or no connection left"
        return Result(
            ResultStatus.UNKNOWN, reason="not-verified", detail=f"{name} was written, but not read back: {why}"
        )
    values: dict[str, Value] = {}
    bad: dict[str, Bad] = {}
    _sort(block, outcome, values, bad)
    found = values.get(name, bad[name].value if bad else None)
    if not bad and _close(write.value, values[name], write.cell.quantity.step):
        return None
    detail = f"{name}: {write.value} was written and accepted, but {found} was read back"
    return Result(ResultStatus.FAILED, values=values, bad=bad, reason="read-back-differs", detail=detail)


def _close(written: Value, found: Value, step: float) -> bool:
    if isinstance(written, str | bool) or isinstance(found, str | bool):
        return written == found
    return written == found or abs(written - found) <= step / 2


def _not_sent(why: NotSent) -> Result:
    if why is NotSent.EXPIRED:
        return Result(ResultStatus.EXPIRED, reason=why.value, detail="its time was over before its turn came")
    return Result(ResultStatus.UNREACHABLE, reason=why.value, detail="there is no connection")


def _after(done: dict[str, Value], trouble: Result) -> Result:
    """The end of a command of which a part is done: then nothing is `expired` or `unreachable` as a whole."""
    if not done:
        return trouble
    untouched = {ResultStatus.EXPIRED, ResultStatus.UNREACHABLE}
    status = ResultStatus.FAILED if trouble.status in untouched else trouble.status
    detail = f"written: {', '.join(done)}; then {trouble.detail}"
    return Result(status, values={**done, **trouble.values}, bad=trouble.bad, reason=trouble.reason, detail=detail)


def _read_result(values: dict[str, Value], bad: dict[str, Bad]) -> Result:
    causes = [why for why in bad.values() if why.reason not in {BadReason.OUT_OF_RANGE, BadReason.INVALID}]
    if values or len(causes) < len(bad):
        return Result(ResultStatus.DONE, values=values, bad=bad)
    why = causes[0]
    gone = is_silence(why) or why.reason is BadReason.NO_LINK
    status = ResultStatus.UNREACHABLE if gone else ResultStatus.FAILED
    return Result(status, bad=bad, reason=why.reason, detail=explain(why))
