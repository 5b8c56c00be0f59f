"""How to serve a link's devices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import ValidationError

from gateway.adapter import Rejected, StrictModel
from gateway.units import parse_duration

ADVERTISING_S = 1.0
"""How often a device advertises, unless something else is wanted: as sensors do between each 100 ms and each 10 s."""
SHORTEST_S = 0.02
"""Between advertisements (Core Specification 6.0, Vol 6, Part B, 4.4.2.2.1)."""


class Options(StrictModel):
    """The adapter's own is `every`: seconds, or text with a unit."""

    elsewhere: bool = False
    """They always are: on a bus of this process."""
    moving: bool = False
    """Whether values move by themselves, and begin with good ones."""
    every: str | float = ADVERTISING_S
    """How often each device advertises."""

    @property
    def every_s(self) -> float:
        """Seconds between advertisements; raises ValueError."""
        every_s = self.every if isinstance(self.every, int | float) else parse_duration(self.every)
        if every_s < SHORTEST_S:
            raise ValueError(f"every must be at least {SHORTEST_S * 1000:g}ms")
        return every_s

    @classmethod
    def parsed(cls, given: Mapping[str, Any]) -> Self:
        """Raises Rejected."""
        unknown = sorted(set(given) - set(cls.model_fields))
        if "replay" in unknown:
            raise Rejected("not-supported", "what was recorded of the air is not played back: leave --replay out")
        if unknown:
            raise Rejected(
                "malformed", f"there is no {unknown[0]} for BLE devices: they are on a D-Bus of their own, see `every`"
            )
        try:
            options = cls.model_validate(dict(given))
            assert options.every_s
        except ValidationError as error:
            first = error.errors()[0]
            raise Rejected("malformed", f"options of a simulation: {first['loc'][0]}: {first['msg']}") from None
        except ValueError as error:
            raise Rejected("malformed", f"options of a simulation: every: {error}") from None
        return options
