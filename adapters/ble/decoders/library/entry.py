"""The data of one company or service in an advertisement, alone. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from adapters.ble.advert import Advert
from adapters.ble.config.names import BASE

SERVICE_DATA_16, MANUFACTURER_DATA = 0x16, 0xFF
"""AD types (Bluetooth SIG, Assigned Numbers, 2.3)."""
LONGEST = 252
"""Bytes of data that an AD structure has room for besides its type and a short number: its length is one byte."""

_SHORT = slice(4, 8)
"""Of a UUID in full, where it is a short one."""


class Entry(NamedTuple):
    """`number`: of the company, or the short UUID; `ad`: as it was on the air; `data`: what comes after the number."""

    is_service: bool
    number: int
    data: bytes
    mac: bytes
    advert: Advert

    @property
    def ad(self) -> bytes:
        """Length, type, number, data (Core Specification Supplement 12, Part A, 1)."""
        kind = SERVICE_DATA_16 if self.is_service else MANUFACTURER_DATA
        return bytes([len(self.data) + 3, kind]) + self.number.to_bytes(2, "little") + self.data

    @property
    def name(self) -> str:
        """That the device gives itself; "" if it has none."""
        return self.advert.name or ""

    def names(self, uuid: str) -> bool:
        """Whether the advertisement names a service."""
        return uuid in self.advert.uuids


def entries(advert: Advert, mac: bytes) -> Iterator[Entry]:
    """Services with short UUIDs, then companies."""
    for uuid, data in advert.services.items():
        if uuid.endswith(BASE) and uuid.startswith("0000") and len(data) <= LONGEST:
            yield Entry(True, int(uuid[_SHORT], 16), data, mac, advert)
    for number, data in advert.manufacturer.items():
        if len(data) <= LONGEST:
            yield Entry(False, number, data, mac, advert)


def mac_of(address: str) -> bytes:
    """Its six bytes, as it is read; b"" if it is none."""
    try:
        return bytes.fromhex(address.replace(":", ""))
    except ValueError:
        return b""
