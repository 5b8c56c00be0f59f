"""Everybody who is heard on one radio: whose an advertisement is, and what is to be told of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.decoders.identity import resolves
from adapters.ble.decoders.make import decoder_of
from adapters.ble.heard.collapse import Found
from adapters.ble.heard.counters import Counters
from adapters.ble.heard.crowd import Crowd
from adapters.ble.heard.kept import Kept
from adapters.ble.heard.learned import Learning
from adapters.ble.heard.party import Party
from adapters.ble.heard.points import Points
from adapters.ble.items import Item
from gateway.adapter import Memory


class Heard:
    """The devices of a radio that advertise something wanted; where nobody scans, nobody is silent either."""

    def __init__(self, link: BleLink, devices: Mapping[str, BleDevice], memory: Memory) -> None:
        self._counters = Counters()
        self._kept: list[Kept] = []
        advertising = {name: device for name, device in devices.items() if _advertises(name, device)}
        if link.scan == "off":
            advertising = {}
        self._crowd = Crowd(advertising, resolves)
        self._parties = {name: self._party(name, device, memory[name]) for name, device in advertising.items()}

    @property
    def names(self) -> frozenset[str]:
        """Who is told of here."""
        return frozenset(self._parties)

    @property
    def counters(self) -> Mapping[str, int]:
        """What was counted, by short names."""
        return self._counters.shown()

    def hear(self, advert: Advert, now_s: float) -> list[Item]:
        """Somebody has advertised: what is to be told of that; `now_s` is on a clock that never jumps."""
        owners = self._crowd.of(advert.address)
        if not owners:
            self._counters.strangers += 1
            return []
        if len(owners) == 1:
            return self._parties[owners[0]].hear(advert, now_s)
        return [item for name in owners for item in self._parties[name].hear(advert, now_s)]

    def look(self, now_s: float, now_ms: int, deaf_s: float = 0.0) -> list[Item]:
        """Some time has passed, a second or so: what is to be told of silence, and of what waited.

        `deaf_s`: for so long the radio has heard nobody, and should have; 0: it is well.
        """
        return [item for party in self._parties.values() for item in party.look(now_s, now_ms, deaf_s)]

    def met(self, name: str, now_s: float, now_ms: int) -> list[Item]:
        """A device answers over a connection: it is there, though many do not advertise meanwhile."""
        party = self._parties.get(name)
        return party.met(now_s, now_ms) if party is not None else []

    def known(self, name: str) -> Found:
        """What was told last of a device's points, for who reads them; nothing of one that has not been told."""
        party = self._parties.get(name)
        return party.known() if party is not None else {}

    def rest(self) -> None:
        """It ends: what must not be forgotten is handed over to the memory."""
        for kept in self._kept:
            kept.rest()

    def _party(self, name: str, device: BleDevice, memory: MutableMapping[str, Any]) -> Party:
        points, kept = Points(name, device), Kept(memory)
        self._kept.append(kept)
        return Party(
            name,
            device,
            points=points,
            decoder=decoder_of(device, kept) if points.wants_decoder else None,
            kept=kept,
            learning=Learning.of(device, memory),
            counters=self._counters,
        )


def _advertises(name: str, device: BleDevice) -> bool:
    """Whether it has points that come with advertisements, or is to show which it has."""
    parts = device.parts(name)
    return device.learns or any(each is not None for each in (parts.said, parts.events, parts.present))
