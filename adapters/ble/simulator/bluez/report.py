"""What a radio hears of a device, once; and the bytes of it that patterns are matched with. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from uuid import UUID

FLAGS: Final = b"\x06"
"""General discoverable, no BR/EDR (Core Specification Supplement, Part A, 1.3)."""
BLUETOOTH_BASE: Final = "-0000-1000-8000-00805f9b34fb"


class Report(NamedTuple):
    """An advertisement, as `Radio.advertise` has it."""

    address: str
    rssi: int
    name: str | None
    manufacturer: Mapping[int, bytes]
    services: Mapping[str, bytes]
    uuids: tuple[str, ...]
    tx_power: int | None
    random: bool

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Type and data of each AD structure (Core Specification Supplement, Part A, 1)."""
        yield 0x01, FLAGS
        if self.name is not None:
            yield 0x09, self.name.encode()
        if self.tx_power is not None:
            yield 0x0A, self.tx_power.to_bytes(1, "little", signed=True)
        for company, data in self.manufacturer.items():
            yield 0xFF, company.to_bytes(2, "little") + data
        for uuid, data in self.services.items():
            short = _short(uuid)
            yield 0x16 if len(short) == 2 else 0x21, short + data
        for uuid in self.uuids:
            short = _short(uuid)
            yield 0x03 if len(short) == 2 else 0x07, short


def _short(uuid: str) -> bytes:
    if uuid.startswith("0000") and uuid.endswith(BLUETOOTH_BASE):
        return int(uuid[4:8], 16).to_bytes(2, "little")
    return UUID(uuid).bytes[::-1]
