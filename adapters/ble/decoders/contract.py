"""What makes values of advertisements. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from adapters.ble.advert import Advert
from gateway.model import Value


class Told(Struct, frozen=True, gc=False):
    """What an advertisement says: values by the names of `quantities`, in their units.

    `counter`: the packet's number, if it has one; it begins anew after `wraps` of them; a repeated packet has the
    number of the first. `model`: what the device is, where it says so, for people. `unknown`: parts that could not be
    read, as a newer version of the format has them; with them goes what stands behind them. `is_sporadic`: whether the
    device speaks when something happens rather than at intervals, so that its silence says nothing; None: this packet
    does not say. `absent`: names that it has no value of now, as it says itself: its sensor is broken, or warming up.
    """

    decoder: str
    values: Mapping[str, Value]
    counter: int | None = None
    wraps: int = 256
    model: str | None = None
    unknown: int = 0
    is_sporadic: bool | None = None
    absent: tuple[str, ...] = ()


class Refusal(StrEnum):
    """Why an advertisement of a known format says nothing; also the `reason` of the device's status."""

    ENCRYPTED = "encrypted"
    """It is, and there is no key."""
    WRONG_KEY = "wrong-key"
    """Its key does not open it."""
    NOT_ENCRYPTED = "not-encrypted"
    """It is not, although there is a key: anybody could have sent it."""
    REPLAYED = "replayed"
    """It was sent before: its counter has gone back."""
    MALFORMED = "malformed"
    """It is too short, too long, or says what can't be."""


class Refused(Struct, frozen=True, gc=False):
    """An advertisement of a known format that says nothing; `text`: a sentence for people."""

    decoder: str
    why: Refusal
    text: str


class Decoder(Protocol):
    """Of one device; it may remember what it has heard. Never raises, whatever the advertisement."""

    def decode(self, advert: Advert, /) -> Told | Refused | None:
        """What it says; None: it is of another format."""


class Remembered(Protocol):
    """What a decoder must not forget over a restart, as small JSON-like facts: counters against replays."""

    def get(self, name: str, /) -> int | None:
        """None: never kept."""

    def keep(self, name: str, number: int, /) -> None:
        """From now on."""
