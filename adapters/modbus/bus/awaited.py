"""Requests that a coroutine waits for: a command's, ahead of polls, and a scan's, among them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum

from adapters.modbus.wire.exchange import Exchange
from adapters.modbus.wire.frames import DATA_AT, Frames
from gateway.adapter import Wrote
from gateway.model import Bad


class NotSent(Enum):
    """Why a request never reached the wire."""

    EXPIRED = "expired"
    NO_LINK = "no-link"
    SILENT = "timeout"
    """A question had to be asked before it, which the device did not answer."""


Outcome = bytes | Bad | NotSent
"""What became of a request: the data of its reply, why there is none, or why it was not sent."""


class Awaited(Exchange):
    """A request, for one who awaits `outcome`."""

    __slots__ = ("outcome",)

    def __init__(self, frames: Frames, timeout_s: float) -> None:
        super().__init__(frames, timeout_s)
        self.outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    def arrived(self, buffer: bytes | bytearray, at: int) -> None:
        """Hand the data on."""
        self.end(bytes(buffer[at : at + self.size - DATA_AT]))

    def failed(self, bad: Bad) -> None:
        """Hand the reason on."""
        self.end(bad)

    def end(self, outcome: Outcome) -> None:
        """Tell the one who waits, if he still does."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class Ask(Awaited):
    """A command's: never sent after `not_after_s` (the loop's clock); `wrote` is shown its frame as it goes."""

    __slots__ = ("not_after_s", "wrote")

    def __init__(self, frames: Frames, timeout_s: float, not_after_s: float, wrote: Wrote | None = None) -> None:
        super().__init__(frames, timeout_s)
        self.not_after_s = not_after_s
        self.wrote = wrote


class Probe(Awaited):
    """A scan's."""

    __slots__ = ()


class Question(Exchange):
    """Asked before a request whose reply could be mistaken; `ended` is told of both when it has ended."""

    __slots__ = ("_ended", "sake")

    def __init__(self, frames: Frames, sake: Exchange, ended: Callable[[Exchange, Bad | None], None]) -> None:
        super().__init__(frames, sake.timeout_s)
        self.sake = sake
        self._ended = ended

    def arrived(self, buffer: bytes | bytearray, at: int) -> None:  # noqa: ARG002  # what it says does not matter
        """The line is in step again."""
        self._ended(self.sake, None)

    def failed(self, bad: Bad) -> None:
        """It may still not be."""
        self._ended(self.sake, bad)
