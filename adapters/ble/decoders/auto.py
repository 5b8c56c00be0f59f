"""Whoever knows an advertisement, or a part of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Decoder, Refused, Told
from adapters.ble.decoders.merge import merged


class AutoDecoder:
    """Asks all; what several tell of one advertisement is put together, and `decoder` names them: bthome+ibeacon."""

    def __init__(self, decoders: Sequence[Decoder]) -> None:
        self._decoders = tuple(decoders)

    def decode(self, advert: Advert) -> Told | Refused | None:
        """What it says."""
        if not advert.manufacturer and not advert.services:
            return None
        return merged(each.decode(advert) for each in self._decoders)
