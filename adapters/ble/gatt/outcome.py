"""How commands end that did not succeed, in words. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.gatt.trouble import Trouble, Why
from gateway.model import BadReason, Result, ResultStatus, Value

TOO_LATE = Result(ResultStatus.EXPIRED, detail="its time was over before its turn came")
BUSY = Result(ResultStatus.EXPIRED, detail="the radio, or the device, was busy with others until it expired")
UNTOUCHED = frozenset({ResultStatus.EXPIRED, ResultStatus.UNREACHABLE, ResultStatus.REJECTED})


def refused(trouble: Trouble) -> Result:
    """The device said no, or it could not be sent at all."""
    if trouble.why is Why.UNFIT:
        return Result(ResultStatus.FAILED, reason="not-supported", detail=f"nothing was written: {trouble}")
    return Result(ResultStatus.FAILED, reason=BadReason.DEVICE_ERROR, detail=str(trouble))


def unsure(trouble: Trouble) -> Result:
    """It was sent, and nobody knows what came of it."""
    reason = BadReason.TIMEOUT if trouble.why is Why.TIMEOUT else BadReason.NO_LINK
    return Result(ResultStatus.UNKNOWN, reason=reason, detail=f"{trouble}: it may or may not have happened")


def expired(trouble: Trouble | None) -> Result:
    """Its time was over before anything was sent: as the device could not be had, or as others had it."""
    if trouble is not None:
        return Result(ResultStatus.UNREACHABLE, reason=trouble.why, detail=str(trouble))
    return BUSY


def partly(done: Mapping[str, Value], trouble: Result) -> Result:
    """A part is done: then nothing is `expired` or `unreachable` as a whole."""
    status = ResultStatus.FAILED if trouble.status in UNTOUCHED else trouble.status
    detail = f"written: {', '.join(done)}; then {trouble.detail}"
    return Result(status, {**done, **trouble.values}, trouble.bad, trouble.reason, detail)
