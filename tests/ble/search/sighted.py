"""Devices as a search has heard them, without a radio."""

from typing import Any

from adapters.ble.advert import Advert
from adapters.ble.decoders.contract import Refused, Told
from adapters.ble.search.sighting import Sighting

ADDRESS = "A4:C1:38:56:53:84"


class Says:
    """A decoder that says one thing after the other, and the last again and again."""

    def __init__(self, *answers: Told | Refused | None) -> None:
        self._answers = list(answers)

    def decode(self, _advert: Advert) -> Told | Refused | None:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def advert(address: str = ADDRESS, time_ms: int = 1_000, rssi: int = -60, **more: Any) -> Advert:
    return Advert(address, time_ms, rssi, **more)


def sighted(*adverts: Advert, decoder: Says | None = None, owners: tuple[str, ...] = ()) -> Sighting:
    sighting = Sighting(adverts[0].address, decoder, owners)
    for each in adverts:
        sighting.hear(each)
    return sighting
