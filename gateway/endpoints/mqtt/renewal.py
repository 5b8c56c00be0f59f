"""How a connection ends in good order, for a fresh one to begin: all that was sent is acknowledged. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.endpoints.contract import Renewed


class Renewal:
    """Of one connection. Asked for at any time, it comes once we are in, and `may_come()`."""

    def __init__(self, may_come: Callable[[], bool]) -> None:
        self._may_come = may_come
        self._reason: str | None = None
        self._end: Callable[[Exception], None] | None = None

    def ask(self, reason: str) -> bool:
        """Whether now is the time to stop sending: we are in, and nobody has asked before."""
        is_first = self._reason is None
        if is_first:
            self._reason = reason
        return is_first and self._end is not None

    def begin(self, end: Callable[[Exception], None]) -> None:
        """We are in, and `end` ends the connection; raises Renewed if what we have logged in with is old by now."""
        if self._reason is not None:
            raise Renewed(self._reason)
        self._end = end

    def look(self) -> None:
        """Something has come to its end: perhaps the connection is to end, too."""
        if self._reason is not None and self._end is not None and self._may_come():
            self._end(Renewed(self._reason))
