"""All that was heard of one address. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Decoder, Refused, Told
from gateway.model import Value


class Strength(NamedTuple):
    """In dBm; nearer 0 is stronger."""

    last: int
    best: int


class Sighting:
    """A device while a search goes on; its `decoder` is asked about each advertisement."""

    def __init__(self, address: str, decoder: Decoder | None, owners: tuple[str, ...] = ()) -> None:
        self.address = address
        self.owners = owners
        """Configured devices that it is."""
        self.adverts = 0
        self.name: str | None = None
        self.tx_power: int | None = None
        self.manufacturer: dict[int, bytes] = {}
        self.services: dict[str, bytes] = {}
        self.uuids: dict[str, None] = {}
        self.values: dict[str, Value] = {}
        self.told: Told | None = None
        self.refused: Refused | None = None
        self._decoder = decoder
        self._rssi: list[int] = []
        self._first_ms = self._last_ms = 0

    def hear(self, advert: Advert) -> None:
        """Never raises."""
        self.adverts += 1
        self._rssi = [advert.rssi, max([advert.rssi, *self._rssi[1:]])]
        self._first_ms = self._first_ms or advert.time_ms
        self._last_ms = advert.time_ms
        self.name = advert.name or self.name
        self.tx_power = advert.tx_power if advert.tx_power is not None else self.tx_power
        self.manufacturer |= advert.manufacturer
        self.services |= advert.services
        self.uuids |= dict.fromkeys(advert.uuids)
        self._decode(advert)

    def _decode(self, advert: Advert) -> None:
        answer = self._decoder.decode(advert) if self._decoder is not None else None
        if isinstance(answer, Told):
            self.told = answer if answer.values or self.told is None else self.told
            self.values |= answer.values
        elif answer is not None:
            self.refused = answer

    @property
    def strength(self) -> Strength:
        """Of what has been heard at least once."""
        return Strength(*self._rssi)

    @property
    def period_s(self) -> float | None:
        """How often it is heard, if it was more than once."""
        if self.adverts < 2:
            return None
        return (self._last_ms - self._first_ms) / 1000 / (self.adverts - 1)

    @property
    def undecoded(self) -> tuple[Mapping[int, bytes], Mapping[str, bytes]]:
        """What nobody makes values of, by company and by service."""
        known = self.told is not None or self.refused is not None
        return ({}, {}) if known else (self.manufacturer, self.services)
