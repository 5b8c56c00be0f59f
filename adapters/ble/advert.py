"""What a radio has heard of a device, once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

NO_BYTES: Mapping[int, bytes] = MappingProxyType({})
NO_SERVICES: Mapping[str, bytes] = MappingProxyType({})


class Advert(Struct, frozen=True, gc=False):
    """One advertisement with its scan response, if there was one.

    `address`: as it came, in capitals with colons, perhaps a private one. `time_ms`: when it was heard (UTC, Unix
    milliseconds). `manufacturer`: data by company number; `services`: data by full UUID in small letters; both without
    their number or UUID. `uuids`: services that it names, full, in small letters.
    """

    address: str
    time_ms: int
    rssi: int
    name: str | None = None
    tx_power: int | None = None
    manufacturer: Mapping[int, bytes] = NO_BYTES
    services: Mapping[str, bytes] = NO_SERVICES
    uuids: tuple[str, ...] = ()

    def says(self) -> tuple[object, ...]:
        """All that a device says; equal where it is said again, however strong it was heard."""
        return self.name, self.tx_power, dict(self.manufacturer), dict(self.services)
