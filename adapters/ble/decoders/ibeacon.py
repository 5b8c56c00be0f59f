"""iBeacon (Apple, Proximity Beacon Specification, release R1). Pure."""

from __future__ import annotations

import struct
from uuid import UUID

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Refusal, Refused, Told

NAME = "ibeacon"
COMPANY = 0x004C
BEGINS = b"\x02\x15"
"""A proximity beacon, and that 21 bytes follow ("Advertising Packet"); Apple's other kinds begin otherwise."""
BODY = struct.Struct(">2x16sHHb")


class IBeaconDecoder:
    """Of any device: it says who it is, and how strong it is heard at 1 m."""

    def decode(self, advert: Advert) -> Told | Refused | None:
        """Bytes behind the beacon's, as some makers add, are counted as unknown."""
        data = advert.manufacturer.get(COMPANY)
        if data is None or not data.startswith(BEGINS):
            return None
        if len(data) < BODY.size:
            text = f"its iBeacon advertisement can't be read: it has {len(data)} bytes, and {BODY.size} belong to it"
            return Refused(NAME, Refusal.MALFORMED, text)
        uuid, major, minor, power = BODY.unpack_from(data)
        values = {"uuid": str(UUID(bytes=uuid)), "major": major, "minor": minor, "measured_power": power}
        return Told(NAME, values, unknown=int(len(data) > BODY.size))
