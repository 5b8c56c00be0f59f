"""What can come of what is said to a device. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.serial.decode import Heard


class Done(NamedTuple):
    """All of it was said and answered: `heard` is the message that came last, if one was asked for.

    `groups`: what the answers have said by names; `time_ms`: when the last one came, in Unix milliseconds.
    """

    groups: Mapping[str, str]
    heard: Heard | None = None
    time_ms: int = 0


class Silent(NamedTuple):
    """No answer in time, to the step of this number, of so many; `in_doubt`: unless it was dropped as a late one."""

    step: int
    steps: int
    in_doubt: bool = False


class Refusal(NamedTuple):
    """The device said no."""

    words: str


class Expired(NamedTuple):
    """Its time was over; `touched`: some of it had been sent."""

    touched: bool


class Unfit(NamedTuple):
    """A value could not be sent; `touched`: some of it had been."""

    detail: str
    touched: bool


class Cut(NamedTuple):
    """The connection went down meanwhile; `touched`: some of it had been sent."""

    touched: bool


def plainly(outcome: Done | Silent | Refusal | Expired | Unfit | Cut) -> str:
    """What happened, in words for people."""
    match outcome:
        case Done():
            return "done"
        case Silent(step, steps, _):
            return "no answer" if steps == 1 else f"no answer to step {step} of {steps}"
        case Refusal(words):
            return words
        case Expired():
            return "it expired before all of it was sent"
        case Unfit(detail):
            return detail
        case Cut():
            return "the connection went down"


Outcome = Done | Silent | Refusal | Expired | Unfit | Cut
