"""What connections to a hub have come to, one after the other: the hub itself never says why it hangs up. Pure."""

from __future__ import annotations

from msgspec import Struct

from gateway.endpoints.contract import Memory

CUTS = "cuts"
"""In the endpoint's memory: how often in a row it was cut, and how often since anything was acknowledged."""

IN_A_ROW = 3
"""So many are no accident of the line."""

SOON_S = 120.0
"""A connection that lived longer was not thrown out by another one that wants to be in all the time."""

REST_S, REST_MAX_S = 2.0, 60.0
"""After a row of cuts, though something was acknowledged; from each to the next twice as long. Two that throw each
other out each second are no use to anybody."""


class Meaning(Struct, frozen=True):
    """What a cut may mean, and how long to wait before the next try."""

    text: str
    rest_s: float = 0.0


class Ends:
    """Tells the ends of one endpoint's connections; `memory` outlives each of them."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def well(self) -> None:
        """One has ended for a reason that is known, or after a long time."""
        self._memory.pop(CUTS, None)

    def cut(self, client_id: str, served_s: float, *, published: int, acknowledged: int) -> Meaning | None:
        """One was cut: what that may mean; None where it may be the line."""
        if served_s > SOON_S or not published:
            self.well()
            return None
        cuts, unheard = self._known()
        cuts, unheard = cuts + 1, 0 if acknowledged else unheard + 1
        self._memory[CUTS] = [cuts, unheard]
        if unheard >= IN_A_ROW:
            return Meaning(f"several times in a row, and nothing was acknowledged: {SPENT}")
        if cuts < IN_A_ROW:
            return None
        rest_s = min(REST_S * 2.0 ** min(cuts - IN_A_ROW, 10), REST_MAX_S)
        return Meaning(f"several times in a row, each soon after login: {taken_over(client_id)}", rest_s)

    def _known(self) -> tuple[int, int]:
        match self._memory.get(CUTS):
            case [int(cuts), int(unheard)]:
                return cuts, unheard
        return 0, 0


SPENT = (
    "its messages for today may be spent (until 00:00 UTC), it may be throttled or suspended, or refuse what is sent, "
    "or be of the basic tier (then set twin: false and commands: false); all of it is kept here"
)


def taken_over(client_id: str) -> str:
    """What may throw one out that was served."""
    return (
        f"another box or program may be connecting as {client_id}, and each throws the other out; or the hub is "
        "throttled, or refuses something that is sent; or this box's clock is late, so that its tokens end early"
    )
