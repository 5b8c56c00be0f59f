"""What can go wrong over a connection. Pure."""

from __future__ import annotations

from enum import StrEnum


class Why(StrEnum):
    """Also the `reason` of a device's status where it is offline."""

    UNREACHABLE = "unreachable"
    """It takes no connection."""
    OUT_OF_RANGE = "out-of-range"
    """It is not heard any more."""
    FORGOTTEN = "forgotten"
    """BlueZ does not know it until it is heard again."""
    PAIRING = "pairing"
    """It does not let itself be paired with."""
    LOST = "lost"
    """The connection went down."""
    TIMEOUT = "timeout"
    """It is connected and does not answer."""
    MUTE = "mute"
    """It did not answer this lately, and is not asked for it just now."""
    REFUSED = "refused"
    """It said no."""
    MISSING = "missing"
    """It has no such characteristic."""
    UNFIT = "unfit"
    """What was to be written can't be; nothing was sent."""


class Trouble(Exception):
    """Something did not succeed; the text is a sentence for people, `code` what the device gave."""

    def __init__(self, why: Why, text: str, code: int | None = None) -> None:
        super().__init__(text)
        self.why = why
        self.code = code

    @property
    def is_ours(self) -> bool:
        """Whether it says something of the question alone: the connection is as good as before."""
        return self.why in {Why.REFUSED, Why.MISSING, Why.UNFIT, Why.MUTE}
