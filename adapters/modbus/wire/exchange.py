"""A request and what may become of it; what is counted of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from adapters.modbus.wire.frames import Frames
from gateway.model import Bad, BadReason

EXCEPTION = 0x80
"""Set in the function code of an exception reply (MODBUS Application Protocol V1.1b3, 4.1)."""
EXCEPTION_SIZE = 3
"""Unit, function, code (MODBUS Application Protocol V1.1b3, 7)."""

TIMED_OUT = Bad(BadReason.TIMEOUT)
GARBLED = Bad(BadReason.DECODE_ERROR)
LINK_LOST = Bad(BadReason.NO_LINK)


class Odd(Enum):
    """How an answer can be amiss: twice, after its time, damaged, under a number or a unit id that was not asked."""

    TWICE = "twice"
    LATE = "late"
    DAMAGED = "damaged"
    UNNUMBERED = "unnumbered"
    STRANGER = "stranger"


class Exchange:
    """A request and the reply it must get; reusable once it has ended.

    `framed` and `sign` are the wire's own: the frame, and the beginning of its reply.
    """

    __slots__ = ("deadline_s", "expected", "framed", "request", "sign", "size", "timeout_s")

    def __init__(self, frames: Frames, timeout_s: float) -> None:
        self.request, self.expected, self.size = frames
        self.timeout_s = timeout_s
        self.deadline_s = 0.0
        self.framed = self.sign = b""

    @property
    def refusal(self) -> tuple[int, int]:
        """Unit and function of an exception reply to it."""
        return self.expected[0], self.expected[1] | EXCEPTION

    def arrived(self, buffer: bytes | bytearray, at: int) -> None:
        """The reply is good; its data, if any, is in `buffer` from `at` on, only until this returns."""
        raise NotImplementedError

    def failed(self, bad: Bad) -> None:
        """No reply in time, an exception, a reply that does not fit, or the connection is gone."""
        raise NotImplementedError


@dataclass(slots=True)
class Counters:
    """What happened on a link since it connected.

    `late` came when nobody waited any more (or twice), `garbage` is damaged or no answer to what was asked; `resyncs`
    are requests sent only to tell late replies from the next ones.
    """

    requests: int = 0
    exceptions: int = 0
    timeouts: int = 0
    late: int = 0
    garbage: int = 0
    resyncs: int = 0
