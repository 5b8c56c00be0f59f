"""SunSpec in the configuration of a device."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from adapters.modbus.config.tables import ADDRESSES
from gateway.adapter import Identifier, PointConfig, StrictModel


class PointAddition(PointConfig):
    """What is added to a point that the device itself describes, as to any point; the rest stays as SunSpec says."""

    type: Literal["sunspec"] = Field("sunspec", description="as the device says it")


class SunSpec(StrictModel):
    """A device that says itself which points it has."""

    base: Annotated[int, Field(ge=0, lt=ADDRESSES)] | None = Field(
        None, description="where its models begin, as a wire address; 40000, 50000 and 0 are tried if not given"
    )
    only: list[Annotated[int, Field(ge=1)] | str] = Field(
        [], description="models that are read, by number or name, * for anything in it: [common, 'inverter_*', 160]"
    )
    points: dict[Identifier, PointAddition] = Field(
        {}, description="added to points that are found: {inverter_three_phase_W: {every: 1s}}"
    )


class Met(SunSpec):
    """Of a device that has been met: `layout` is where its points come from."""

    layout: Any


def from_switch(given: Any) -> Any:
    """What `sunspec: true` and `sunspec: false` mean."""
    return {True: {}, False: None}.get(given, given) if isinstance(given, bool) else given


def or_switch(schema: dict[str, Any]) -> None:
    """What people write for it."""
    schema["anyOf"] = [{"type": "boolean"}, *schema["anyOf"]]
