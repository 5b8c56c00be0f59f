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

    def has_same_data(self, other: Advert) -> bool:
        """Whether what its manufacturers and services say is the same."""
        return self.manufacturer == other.manufacturer and self.services == other.services

    def has_same_head(self, other: Advert) -> bool:
        """Whether the rest is the same, however strong it was heard, and from whatever address."""
        return self.name == other.name and self.tx_power == other.tx_power and self.uuids == other.uuids
