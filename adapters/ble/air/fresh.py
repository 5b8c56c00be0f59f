"""What of an advertisement was said just now: BlueZ tells it together with all that the device ever said. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Kept(NamedTuple):
    """The parts as objects that are replaced when BlueZ tells them, and stay the same when it does not."""

    manufacturer: object
    services: object


class New(NamedTuple):
    """Which of them were said."""

    manufacturer: bool
    services: bool


ALL, NEITHER = New(manufacturer=True, services=True), New(manufacturer=False, services=False)


class Freshness:
    """Of what one BlueZ tells that is asked for duplicates.

    Then it tells each part as often as it is said. Only when it has been seen to do so, what it did not
    tell counts as not said: else what never changes would seem to be silent.
    """

    def __init__(self) -> None:
        self._repeats = False

    def of(self, before: Kept, now: Kept) -> New:
        """Of what is now, after what was before."""
        new = New(now.manufacturer is not before.manufacturer, now.services is not before.services)
        if self._repeats or new == NEITHER:
            return new if self._repeats else ALL
        self._repeats = (new.manufacturer and now.manufacturer == before.manufacturer) or (
            new.services and now.services == before.services
        )
        return new if self._repeats else ALL
