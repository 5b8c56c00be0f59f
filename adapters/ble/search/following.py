"""Listening until the time is over, and telling meanwhile who has come."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from adapters.ble.air.radio import Radio
from adapters.ble.config import BleDevice
from adapters.ble.decoders.contract import Decoder
from adapters.ble.decoders.identity import resolves
from adapters.ble.decoders.make import decoder_of
from adapters.ble.heard.crowd import Crowd
from adapters.ble.search.address import AddressKind, kind_of
from adapters.ble.search.report import told
from adapters.ble.search.scope import Scope
from adapters.ble.search.sighting import Sighting
from adapters.ble.search.sightings import MOST, Sightings
from gateway.adapter import Progress, Rejected, Tell

LOOK_S = 1.0
"""How often is told who has come."""

NOBODY = "nothing was heard: is the device near and awake? `--listen 1min` listens longer"


def sightings_of(scope: Scope, devices: Mapping[str, BleDevice]) -> Sightings:
    """Of nobody yet."""
    return Sightings(scope, devices, Crowd(devices, resolves).of, _decoder)


async def followed(
    sightings: Sightings, scope: Scope, radio: Radio, tell: Tell, notes: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Who was heard; raises Rejected when the radio is lost before the time is over."""
    loop = asyncio.get_running_loop()
    total = max(1, round(scope.listen_s))
    end_s = loop.time() + scope.listen_s
    tell(Progress(0, total, scope.listen_s, notes=notes))
    while (left_s := end_s - loop.time()) > 0:
        await asyncio.wait((radio.lost,), timeout=min(LOOK_S, left_s))
        if radio.lost.done():
            raise Rejected("no-link", str(radio.lost.result()))
        left_s = max(0.0, end_s - loop.time())
        fresh = tuple(_told(each, radio) for each in sightings.fresh())
        tell(Progress(min(total, max(1, round(scope.listen_s - left_s))), total, left_s, _count(sightings), fresh))
    tell(Progress(total, total, 0.0, _count(sightings), notes=tuple(_notes(sightings))))
    return [_told(each, radio) for each in sightings.all()]


class _Forgetful:
    """Counters against replays, as long as the search lasts."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def get(self, name: str, /) -> int | None:
        return self._numbers.get(name)

    def keep(self, name: str, number: int, /) -> None:
        self._numbers[name] = number


def _decoder(device: BleDevice) -> Decoder | None:
    return decoder_of(device, _Forgetful())


def _told(sighting: Sighting, radio: Radio) -> dict[str, Any]:
    return told(sighting, _kind(sighting.address, radio))


def _kind(address: str, radio: Radio) -> AddressKind | None:
    """BlueZ says whether an address is random."""
    device = radio.device(address)
    return kind_of(address, device.details["props"].get("AddressType") if device is not None else None)


def _count(sightings: Sightings) -> str:
    return f"{len(sightings)} device{'s' * (len(sightings) != 1)}"


def _notes(sightings: Sightings) -> Iterator[str]:
    if not len(sightings):
        yield NOBODY
    for name in sightings.missing():
        yield f"{name}, which is configured, was not heard"
    if sightings.dropped:
        yield f"more than {MOST} addresses were heard: {sightings.dropped} of them are left out"
