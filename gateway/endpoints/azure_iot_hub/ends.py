"""What connections to a hub have come to, one after the other: the hub itself never says why it hangs up. Pure."""

from __future__ import annotations

from gateway.endpoints.contract import Memory

CUTS = "cuts"
"""In the endpoint's memory: how often in a row it was cut, and whether anything had been acknowledged."""

IN_A_ROW = 3
"""So many are no accident of the line."""

SOON_S = 120.0
"""A connection that lived longer was not thrown out by another one that wants to be in all the time."""

PATIENCE_S = 60.0
"""For a second box: two that throw each other out each second are no use to anybody."""

SPENT = (
    "the hub lets us in, but takes no message: its messages for today may be spent (until 00:00 UTC), it may be"
    " throttled, or refuse what is sent; all of it is kept"
)


class Ends:
    """Tells the ends of one endpoint's connections; `memory` outlives each of them."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def well(self) -> None:
        """One has ended for a reason that is known, or after a long time."""
        self._memory.pop(CUTS, None)

    def cut(self, client_id: str, served_s: float, *, published: int, acknowledged: int) -> tuple[str, float] | None:
        """One was cut: what that may mean, and how long to wait; None where it may be the line."""
        if served_s > SOON_S or not (published or acknowledged):
            self.well()
            return None
        kind = "taken over" if acknowledged else "spent"
        known = self._memory.get(CUTS)
        count = known[1] + 1 if isinstance(known, list) and known[0] == kind else 1
        self._memory[CUTS] = [kind, count]
        if count < IN_A_ROW:
            return None
        if kind == "spent":
            return SPENT, 0.0
        return f"cut {count} times in a row soon after login: {taken_over(client_id)}", PATIENCE_S


def taken_over(client_id: str) -> str:
    """What may throw one out."""
    return f"another box or program may be connecting as {client_id}, or the hub throttles us"
