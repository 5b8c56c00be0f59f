"""A device that is heard, and nothing can be made of it, is told to people with what it says. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice
from gateway.model import Notice

AFTER_S = 10.0
"""Some devices say who they are now, and what they measure a little later."""

SHORT_TAIL = "-0000-1000-8000-00805f9b34fb"
"""Of UUIDs that people know by their first digits."""


class Unknown:
    """Of one device."""

    def __init__(self, name: str, device: BleDevice) -> None:
        self._name = name
        self._whose = f"decoder {device.decodes}" if device.decodes not in (None, "auto") else "no decoder"
        self._is_placed = device.decodes is None
        self._since_s: float | None = None
        self._is_known = False
        self._is_told = False

    def known(self) -> Notice | None:
        """Something could be made of what it says."""
        if self._is_known:
            return None
        self._is_known = True
        return Notice(self._name, "what it advertises is known now", mended=True) if self._is_told else None

    def hear(self, advert: Advert, now_s: float) -> Notice | None:
        """Nothing could."""
        if self._is_known or self._is_told:
            return None
        if self._since_s is None:
            self._since_s = now_s
        if now_s - self._since_s < AFTER_S:
            return None
        self._is_told = True
        return Notice(self._name, self._sentence(", ".join(_parts(advert)) or "nothing but that it is there"))

    def _sentence(self, says: str) -> str:
        if self._is_placed:
            return f"its points stand in data that it does not advertise; it says {says}"
        knows = f"{self._whose} {'knows' if self._whose == 'no decoder' else 'does not know'} what it advertises"
        return f"{knows}: {says}; give its points their places, `at`, or name another decoder"


def _parts(advert: Advert) -> Iterator[str]:
    for company, data in advert.manufacturer.items():
        yield f"manufacturer 0x{company:04x} {data.hex()}"
    for uuid, data in advert.services.items():
        yield f"service {uuid.removesuffix(SHORT_TAIL).removeprefix('0000')} {data.hex()}"
