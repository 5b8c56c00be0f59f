"""When a token is renewed, and what a clock has to do with one that is refused. Pure: time and chance are given."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

RENEWED_AT, EARLIER = 0.85, 0.1
"""A token is renewed after so much of its life, or earlier by up to so much: never a whole fleet at once."""

LOOK_S = 30.0
"""A clock that is set while a token is in use shows after so long."""


class Term(Struct, frozen=True):
    """A token's, on the system's clock (Unix seconds) and on one that never jumps: whichever comes first."""

    wall_s: float
    steady_s: float

    def left_s(self, wall_s: float, steady_s: float) -> float:
        """Until it has to be renewed.

        The hub has a clock of its own: where ours is set forward, the token that it made before ends earlier.
        """
        return min(self.wall_s - wall_s, self.steady_s - steady_s)


def term(life_s: float, chance: float, wall_s: float, steady_s: float) -> Term:
    """Of a token that is made now; `chance` is from 0 to 1."""
    after_s = life_s * (RENEWED_AT - EARLIER * chance)
    return Term(wall_s + after_s, steady_s + after_s)


def about_clock(wall_s: float, built_s: float, *, synced: bool) -> str:
    """What this machine's clock says, for people who wonder why a token is refused."""
    says = f"{datetime.fromtimestamp(max(0.0, wall_s), UTC):%Y-%m-%d %H:%M} UTC"
    if wall_s < built_s:
        return f"this box's clock is wrong: it says {says}, so that the token it makes has ended long ago"
    if not synced:
        return f"this box's clock, which no time server has set: it says {says}"
    return f"this box's clock: it says {says}"
