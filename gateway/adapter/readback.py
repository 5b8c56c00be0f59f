"""How a written value is read back: the configuration's part of it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from gateway.adapter.basis import StrictModel
from gateway.units import Duration, format_duration

MAX_SETTLE_S = 10.0
"""Other commands for the same device wait meanwhile."""

EXACT = frozenset({"bool", "text"})
"""Kinds of which no two values are near each other."""


def _short_enough(settle_s: float) -> float:
    if settle_s > MAX_SETTLE_S:
        raise PydanticCustomError("long_settle", "at most {longest}", {"longest": format_duration(MAX_SETTLE_S)})
    return settle_s


class ReadBack(StrictModel):
    """What was written must be read back, `settle` after the device has accepted it, to within `tolerance`."""

    tolerance: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        0.0, description="how far it may be off, in the point's unit; half a step always may"
    )
    settle: Annotated[Duration, AfterValidator(_short_enough)] = Field(
        0.0, description="waited before it is read back, as in 200ms; the link is free for others meanwhile"
    )


def check_read_backs(device: Any) -> None:
    """What has no distance has no tolerance; raises ValueError."""
    for name, point in device.points.items():
        if isinstance(point.verify, ReadBack) and point.verify.tolerance and (point.enum or point.kind in EXACT):
            what = "an enum" if point.enum else f"what is {point.kind}"
            raise ValueError(f"points.{name}.verify: {what} is read back exactly or not at all; leave out tolerance")
