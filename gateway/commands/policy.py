"""What a command may do, decided before anything is touched. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.adapter import Rejected
from gateway.commands.decode import Request
from gateway.model import DeviceInfo, PointInfo, Value


def check(request: Request, device: DeviceInfo) -> None:
    """Raises Rejected, naming the rule, unless every point may be written or read as asked."""
    if request.invoke is not None:
        raise Rejected("unknown-command", f"{device.device} has no command '{request.invoke}'")
    for name in request.write or request.read or ():
        if name not in device.points:
            raise Rejected("unknown-point", f"{device.device} has no point '{name}'")
    for name, value in (request.write or {}).items():
        _check_write(device.points[name], value)


def _check_write(point: PointInfo, value: Value) -> None:
    if not point.writable:
        raise Rejected("not-writable", f"{point.name} is not marked writable in the configuration")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    limits: Mapping[str, float | None] = {"min": point.write_min, "max": point.write_max}
    low, high = limits["min"], limits["max"]
    if (low is not None and value < low) or (high is not None and value > high):
        allowed = " to ".join("any" if limit is None else f"{limit:g}" for limit in (low, high))
        raise Rejected("out-of-range", f"{point.name} may be written from {allowed} {point.unit or ''}".rstrip())
