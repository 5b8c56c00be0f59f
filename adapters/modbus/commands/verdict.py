"""What became of a command's requests, in the words of a result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.modbus.bus.awaited import NotSent, Outcome
from adapters.modbus.bus.unit import is_silence
from adapters.modbus.commands.bundle import Bundle, Write
from adapters.modbus.wire.words import ACKNOWLEDGE, NO_PATH, REASONS, UNKNOWN_FUNCTION, explain
from gateway.model import OF_A_VALUE, Bad, BadReason, Result, ResultStatus, Value
from gateway.values import near

MANY_REGISTERS = 16
"""Function that writes several registers (MODBUS Application Protocol V1.1b3, 6.12)."""
INSTEAD = {
    5: "write: multiple makes it function 15",
    6: "write: multiple makes it function 16",
    15: "write: single makes it function 5",
    16: "write: single makes it function 6",
    22: "without mask_write the register is read and written whole",
    23: "without read_write it is function 6 or 16",
}
"""What else the configuration offers where a device does not know a function."""


class Progress(NamedTuple):
    """What of a bundle is done for certain, and what went wrong with the rest, if anything."""

    done: Mapping[str, Value]
    trouble: Result | None = None


def not_sent(why: NotSent) -> Result:
    """Of a request that never reached the wire."""
    if why is NotSent.EXPIRED:
        return Result(ResultStatus.EXPIRED, reason=why.value, detail="its time was over before its turn came")
    detail = REASONS[BadReason.TIMEOUT] if why is NotSent.SILENT else "there is no connection"
    return Result(ResultStatus.UNREACHABLE, reason=why.value, detail=detail)


def unread(why: Bad, detail: str, bad: Mapping[str, Bad] | None = None) -> Result:
    """Of a read that brought nothing."""
    gone = is_silence(why) or why.reason is BadReason.NO_LINK
    status = ResultStatus.UNREACHABLE if gone else ResultStatus.FAILED
    return Result(status, bad=bad or {}, reason=why.reason, detail=detail)


def write_trouble(bundle: Bundle, function: int, outcome: Outcome) -> Result | None:
    """Why a write did not succeed; None if it did."""
    if isinstance(outcome, bytes):
        return None
    if isinstance(outcome, NotSent):
        return not_sent(outcome)
    detail = f"{bundle.names}: {explain(outcome)}"
    if outcome.code == NO_PATH:
        return Result(ResultStatus.UNREACHABLE, reason=outcome.reason, detail=detail)
    if is_silence(outcome) or outcome.code in {None, ACKNOWLEDGE}:
        return Result(ResultStatus.UNKNOWN, reason=outcome.reason, detail=f"{detail}; it may have been written")
    if outcome.code == UNKNOWN_FUNCTION and not (function == MANY_REGISTERS and bundle.has_wide):
        detail = f"{detail}; {INSTEAD[function]}"
    return Result(ResultStatus.FAILED, reason=outcome.reason, detail=detail)


def compared(bundle: Bundle, values: Mapping[str, Value], bad: Mapping[str, Bad], why: str) -> Progress:
    """What was read back against what was written; `why` some may not have been read."""
    off = [write for write in bundle.to_read_back if _is_read(write, values, bad) and not _holds(write, values)]
    lost = [write for write in bundle.to_read_back if not _is_read(write, values, bad)]
    names = {write.cell.name for write in off + lost}
    done = {name: value for name, value in bundle.values.items() if name not in names}
    if off:
        return Progress(done, _differs(off, values, bad))
    if lost:
        missed = ", ".join(write.cell.name for write in lost)
        detail = f"{missed} was written, but not read back: {why}"
        return Progress(done, Result(ResultStatus.UNKNOWN, reason="not-verified", detail=detail))
    return Progress(done)


def partly(done: Mapping[str, Value], what: str, trouble: Result) -> Result:
    """The end of a command of which a part is done: then nothing is `expired` or `unreachable` as a whole."""
    untouched = {ResultStatus.EXPIRED, ResultStatus.UNREACHABLE}
    status = ResultStatus.FAILED if trouble.status in untouched else trouble.status
    detail = f"{what}; then {trouble.detail}"
    return Result(status, values={**done, **trouble.values}, bad=trouble.bad, reason=trouble.reason, detail=detail)


def _differs(off: list[Write], values: Mapping[str, Value], bad: Mapping[str, Bad]) -> Result:
    found = {write.cell.name: values[write.cell.name] for write in off if write.cell.name in values}
    spoiled = {write.cell.name: bad[write.cell.name] for write in off if write.cell.name in bad}
    read = found | {name: each.value for name, each in spoiled.items()}
    detail = "; ".join(
        f"{write.cell.name}: {write.value} was written and accepted, but {read[write.cell.name]} was read back"
        for write in off
    )
    return Result(ResultStatus.FAILED, values=found, bad=spoiled, reason="read-back-differs", detail=detail)


def _is_read(write: Write, values: Mapping[str, Value], bad: Mapping[str, Bad]) -> bool:
    """Whether the device has said what the point is worth, good or not."""
    name = write.cell.name
    return name in values or (name in bad and bad[name].reason in OF_A_VALUE)


def _holds(write: Write, values: Mapping[str, Value]) -> bool:
    """To within the tolerance, or half a step where that is more."""
    assert write.read_back is not None
    return near(write.value, values.get(write.cell.name), max(write.read_back.tolerance, write.step / 2))
