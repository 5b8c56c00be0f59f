"""What a point has in the configuration whose value is a number or a text on the wire. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.adapter.notation import BitRange
from gateway.adapter.settings import PointConfig
from gateway.values import Quantity


class ValuePoint(PointConfig):
    """How what is on the wire becomes a value, whatever the protocol."""

    bits: BitRange | None = Field(
        None, description="only these of its bits, lowest..highest, 0 the least significant once order is applied"
    )
    scale: float = 1.0
    offset: float = 0.0
    decimals: Annotated[int, Field(ge=0, le=15)] | None = Field(
        None, description="round to so many, if not to those of scale and offset"
    )
    encoding: Literal["ascii", "latin-1", "utf-8"] = Field("ascii", description="of a string in bytes")
    invalid: Sequence[Any] = ()

    @property
    def quantity(self) -> Quantity:
        """What a raw number of this point means."""
        raise NotImplementedError(f"{type(self).__name__} must say what its numbers mean")
