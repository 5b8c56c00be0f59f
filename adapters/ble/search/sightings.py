"""Who is heard in a search, each with what it says. Pure."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice
from adapters.ble.decoders.contract import Decoder
from adapters.ble.search.scope import Scope
from adapters.ble.search.sighting import Sighting

MOST = 2000
"""Addresses that are kept; a hall full of phones has some hundreds, and each changes in a quarter of an hour."""

OwnersOf = Callable[[str], tuple[str, ...]]
"""Names of configured devices by address, private ones, too."""
MakeDecoder = Callable[[BleDevice], Decoder | None]


class Sightings:
    """`devices` are those that are configured: their own decoders and keys count."""

    def __init__(
        self, scope: Scope, devices: Mapping[str, BleDevice], owners_of: OwnersOf, make_decoder: MakeDecoder
    ) -> None:
        self._scope = scope
        self._devices = devices
        self._owners_of = owners_of
        self._make_decoder = make_decoder
        self._met: OrderedDict[str, Sighting] = OrderedDict()
        self._fresh: dict[str, Sighting] = {}
        self.dropped = 0
        """Addresses beyond MOST, those that had been silent longest."""

    def hear(self, advert: Advert) -> None:
        """Never raises, whatever the advertisement."""
        if not self._scope.wants(advert.address):
            return
        sighting = self._met.get(advert.address)
        if sighting is None:
            sighting = self._fresh[advert.address] = self._met[advert.address] = self._begun(advert.address)
            if len(self._met) > MOST:
                gone, _ = self._met.popitem(last=False)
                self._fresh.pop(gone, None)
                self.dropped += 1
        else:
            self._met.move_to_end(advert.address)
        sighting.hear(advert)

    def fresh(self) -> list[Sighting]:
        """Those that were not there when this was asked last."""
        fresh, self._fresh = list(self._fresh.values()), {}
        return fresh

    def all(self) -> list[Sighting]:
        """Known ones first, then those that somebody decodes, then the strongest."""
        return sorted(self._met.values(), key=_order)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._met)

    def missing(self) -> Iterator[str]:
        """Configured devices that are not heard though they are looked for."""
        heard = {name for sighting in self._met.values() for name in sighting.owners}
        for name, device in self._devices.items():
            if name not in heard and (device.address is None or self._scope.wants(device.address)):
                yield name

    def _begun(self, address: str) -> Sighting:
        owners = self._owners_of(address)
        own = next((self._devices[name] for name in owners if self._devices[name].decoder is not None), None)
        key = next((self._devices[name].key for name in owners if self._devices[name].key is not None), None)
        device = own or BleDevice.model_construct(link="", address=address, decoder="auto", key=key, points={})
        return Sighting(address, self._make_decoder(device), owners)


def _order(sighting: Sighting) -> tuple[bool, bool, bool, bool, int]:
    is_known = bool(sighting.owners)
    return not is_known, not sighting.values, sighting.refused is None, not sighting.name, -sighting.strength.best
