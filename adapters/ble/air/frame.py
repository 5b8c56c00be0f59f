"""An advertisement as bytes, for who looks on: as it was in the air, as far as BlueZ tells. Pure.

Six bytes of address, one of RSSI, then its parts. Beside it `air.att` shows what goes over connections, whose seventh
byte is below 0x80: an RSSI is negative, and so never is.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.advert import Advert
from adapters.ble.air.att import ADDRESS_BYTES

SHORT = "0000"
BASE = "-0000-1000-8000-00805f9b34fb"
LONGEST = 254
"""Bytes of one part: its length is one byte, which counts its type, too."""

STRONGEST = -1
"""dBm; up to 20 there are by the book, but not even where two antennas touch."""
NEGATIVE = 0x80

NAME, TX_POWER, MANUFACTURER = 0x09, 0x0A, 0xFF
UUIDS_16, UUIDS_128, SERVICE_16, SERVICE_128 = 0x03, 0x07, 0x16, 0x21
"""Types of its parts (Bluetooth Assigned Numbers, 2.3)."""


def frame(advert: Advert) -> bytes:
    """Six bytes of address as it is written, one of RSSI (signed), then length, type and data of each part."""
    head = bytes.fromhex(advert.address.replace(":", "")) + (min(advert.rssi, STRONGEST) & 0xFF).to_bytes()
    return head + b"".join(bytes((len(data) + 1, kind)) + data for kind, data in _parts(advert) if len(data) <= LONGEST)


def is_advertisement(data: bytes) -> bool:
    """Whether a frame is one; else it went over a connection."""
    return len(data) > ADDRESS_BYTES and data[ADDRESS_BYTES] >= NEGATIVE


def _parts(advert: Advert) -> Iterator[tuple[int, bytes]]:
    for company, data in advert.manufacturer.items():
        yield MANUFACTURER, company.to_bytes(2, "little") + data
    for uuid, data in advert.services.items():
        short = _short(uuid)
        yield (SERVICE_16, short + data) if len(short) == 2 else (SERVICE_128, short + data)
    for uuid in advert.uuids:
        short = _short(uuid)
        yield (UUIDS_16 if len(short) == 2 else UUIDS_128), short
    if advert.name is not None:
        yield NAME, advert.name.encode()
    if advert.tx_power is not None:
        yield TX_POWER, (advert.tx_power & 0xFF).to_bytes()


def _short(uuid: str) -> bytes:
    """Of two bytes where the standard knows it, else all of it; least significant first."""
    is_known = uuid.startswith(SHORT) and uuid.endswith(BASE)
    return bytes.fromhex(uuid[4:8] if is_known else uuid.replace("-", ""))[::-1]
