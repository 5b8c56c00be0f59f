"""What a unit has said last, so that the same once more is not taken for its next reply. Pure.

Who repeats himself does it before he answers the next request. So as soon as something else has come from a unit,
all before it has been and gone.
"""

from __future__ import annotations

from adapters.modbus.wire.exchange import Exchange
from adapters.modbus.wire.owed import LATE_S


class Said:
    """The last reply of a unit, and to which request; how many there were. Times are the loop's, in seconds."""

    __slots__ = ("answers", "at_s", "body", "request", "stuttered_s")

    def __init__(self) -> None:
        self.answers = 0
        self.request = self.body = b""
        self.at_s = self.stuttered_s = -LATE_S

    def confirms(self, exchange: Exchange, now_s: float) -> bool:
        """Whether the same once more could be taken for the reply to this request to write, or for its refusal."""
        if now_s - self.at_s >= LATE_S:
            return False
        is_reply = self.body.startswith(exchange.expected) and len(self.body) == exchange.size
        return is_reply or self.body[:2] == bytes(exchange.refusal)

    def stutters(self, now_s: float) -> bool:
        """Whether something has come lately that nobody waited for."""
        return now_s - self.stuttered_s < LATE_S
