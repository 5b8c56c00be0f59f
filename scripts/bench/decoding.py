"""What decoders take, and all from an advertisement to its sample: CPU of this process, nothing else beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import yaml

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.decoders.fields import FieldDecoder
from adapters.ble.decoders.make import decoder_of
from adapters.ble.heard.kept import Kept
from adapters.ble.heard.parties import Heard
from scripts.bench.adverts import KEY, KINDS, Kind, address_of, stranger, written

ROUNDS, ADVERTS = 5, 2000
"""The fastest round counts: what others do on the machine only makes them slower."""
APART_S = 0.1
"""Between two of a device, so that it does not advertise more than is taken."""


class Timed(NamedTuple):
    """Microseconds per advertisement."""

    name: str
    decoder_us: float
    sample_us: float


def timed() -> Iterator[Timed]:
    """Each kind; then what is said again, and what strangers say."""
    link = BleLink.model_validate({"adapter": "ble"})
    for kind in KINDS:
        device, adverts = _device(kind), _adverts(kind)
        decode = _decode(device)
        yield Timed(kind.name, _us(lambda: decode, adverts), _us(lambda: _hear(link, device), adverts))  # noqa: B023 -- called at once
    device, adverts = _device(KINDS[0]), _adverts(KINDS[0])
    again = [adverts[0]] * ADVERTS
    yield Timed("said again", 0.0, _us(lambda: _hear(link, device, 0.0), again))
    strangers = [_advert(*stranger(number)) for number in range(ADVERTS)]
    yield Timed("strangers", 0.0, _us(lambda: _hear(link, device), strangers))


def _device(kind: Kind) -> BleDevice:
    text = kind.device.replace("${secret:key}", KEY.hex())
    settings = yaml.safe_load(f'{{link: radio, address: "{written(address_of(0))}", {text}}}')
    return BleDevice.model_validate(settings)


def _adverts(kind: Kind) -> list[Advert]:
    return [_advert(address_of(0), kind.pack(address_of(0), number)) for number in range(1, ADVERTS + 1)]


def _advert(address: bytes, packet: Any) -> Advert:
    return Advert(written(address), 0, -60, packet.name, None, packet.manufacturer, packet.services)


def _decode(device: BleDevice) -> Callable[[Advert], object]:
    decoder = decoder_of(device, Kept({}))
    return FieldDecoder(device.points, device.data).read if decoder is None else decoder.decode


def _hear(link: BleLink, device: BleDevice, apart_s: float = APART_S) -> Callable[[Advert], object]:
    """A gateway that hears this device for the first time."""
    heard, now_s = Heard(link, {"d": device}, {"d": {}}), 0.0

    def hear(advert: Advert) -> object:
        nonlocal now_s
        now_s += apart_s
        return heard.hear(advert, now_s)

    return hear


def _us(make: Callable[[], Callable[[Advert], object]], adverts: Sequence[Advert]) -> float:
    return min(_round_us(make(), adverts) for _ in range(ROUNDS))


def _round_us(take: Callable[[Advert], object], adverts: Sequence[Advert]) -> float:
    began_ns = time.process_time_ns()
    for advert in adverts:
        take(advert)
    return (time.process_time_ns() - began_ns) / 1000 / len(adverts)
