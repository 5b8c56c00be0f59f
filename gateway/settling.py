"""Values that a device needs time for: read back when that is over, while the link is free for others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from gateway.model import OF_A_VALUE, Command, Result, ResultStatus, Settling, Value
from gateway.values import near

Execute = Callable[[Command], Awaitable[Result]]
Pause = Callable[[float], Awaitable[None]]


def settle_s(points: Mapping[str, Value], settling: Mapping[str, Settling]) -> float:
    """How long these points need once they are written."""
    return max((settling[name].settle_s for name in points if name in settling), default=0.0)


async def written(command: Command, settling: Mapping[str, Settling], execute: Execute, pause: Pause) -> Result:
    """What becomes of a command; of what it has written, that which needs time is then read back and must be so."""
    result = await execute(command)
    wanted = {name: result.values.get(name, value) for name, value in (command.write or {}).items() if name in settling}
    if result.status is not ResultStatus.DONE or not wanted:
        return result
    await pause(settle_s(wanted, settling))
    found = await execute(Command(command.id, command.device, command.deadline_s, read=tuple(wanted)))
    return _compared(result, wanted, found, settling)


def _compared(result: Result, wanted: Mapping[str, Value], found: Result, settling: Mapping[str, Settling]) -> Result:
    read = {name: bad.value for name, bad in found.bad.items() if bad.reason in OF_A_VALUE} | dict(found.values)
    off = [name for name in wanted if name in read and not _holds(name, wanted, found, settling)]
    lost = [name for name in wanted if name not in read]
    if not off and not lost:
        return result
    others = {name: value for name, value in result.values.items() if name not in off + lost}
    before = f"written: {', '.join(others)}; then " if others else ""
    if off:
        said = "; ".join(
            f"{name}: {wanted[name]} was written and accepted, but {read[name]} was read back" for name in off
        )
        good = {name: found.values[name] for name in off if name in found.values}
        bad = {name: found.bad[name] for name in off if name in found.bad}
        return Result(ResultStatus.FAILED, others | good, bad, "read-back-differs", before + said)
    why = found.detail or ", ".join(found.bad[name].reason for name in lost if name in found.bad)
    said = f"{', '.join(lost)} was written, but not read back: {why or found.status.value}"
    return Result(ResultStatus.UNKNOWN, others, reason="not-verified", detail=before + said)


def _holds(name: str, wanted: Mapping[str, Value], found: Result, settling: Mapping[str, Settling]) -> bool:
    return near(wanted[name], found.values.get(name), settling[name].tolerance)
