"""Devices that are heard, over a clock that the test moves; what they say is BTHome, decoded as it is."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice, key_bytes
from adapters.ble.decoders.bthome import BtHomeDecoder
from adapters.ble.decoders.contract import Decoder
from adapters.ble.heard.counters import Counters
from adapters.ble.heard.kept import Kept
from adapters.ble.heard.learned import Learning
from adapters.ble.heard.party import Party
from adapters.ble.heard.points import Points
from adapters.ble.items import Item
from gateway.model import DeviceStatus, Notice, Sample

ADDRESS = "AA:BB:CC:DD:EE:FF"
BTHOME = "0000fcd2-0000-1000-8000-00805f9b34fb"
START_MS = 1_763_888_462_345
TEMPERATURE = {"temperature": None}
Told = dict[str, Any]


def device(**settings: Any) -> BleDevice:
    return BleDevice.model_validate({"link": "radio", "address": ADDRESS, "decoder": "bthome", **settings})


def bthome(
    temperature: float | None = None,
    *,
    humidity: float | None = None,
    battery: int | None = None,
    button: int | None = None,
    packet: int | None = None,
) -> bytes:
    """Service data of version 2, not encrypted (bthome.io/format)."""
    said = b"\x40"
    if packet is not None:
        said += bytes([0x00, packet])
    if battery is not None:
        said += bytes([0x01, battery])
    if temperature is not None:
        said += b"\x02" + round(temperature * 100).to_bytes(2, "little", signed=True)
    if humidity is not None:
        said += b"\x03" + round(humidity * 100).to_bytes(2, "little")
    if button is not None:
        said += bytes([0x3A, button])
    return said


@dataclass
class Ear:
    """One party, its clock, and all that it has told."""

    party: Party
    counters: Counters
    memory: MutableMapping[str, Any]
    kept: Kept
    now_s: float = 1000.0
    items: list[Item] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        return START_MS + round(1000 * (self.now_s - 1000.0))

    def hear(self, data: bytes | None = None, *, rssi: int = -60, name: str | None = None, **said: Any) -> Told:
        """What is told of points at once; without `data` it is a temperature, humidity, ..."""
        services = {BTHOME: bthome(**said) if data is None else data}
        return self.take(Advert(ADDRESS, self.now_ms, rssi, name, services=services))

    def take(self, advert: Advert) -> Told:
        return self._told(self.party.hear(advert, self.now_s))

    def meet(self) -> Told:
        """It answers over a connection."""
        return self._told(self.party.met(self.now_s, self.now_ms))

    def pass_(self, seconds: float, deaf_s: float = 0.0) -> Told:
        """Look each second, as a session does, and tell all that comes of it; the radio may have been deaf before."""
        told: Told = {}
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s = min(self.now_s + 1.0, until_s)
            deaf_s += 1.0 if deaf_s else 0.0
            told |= self._told(self.party.look(self.now_s, self.now_ms, deaf_s))
        return told

    def _told(self, items: list[Item]) -> Told:
        self.items += items
        return {name: each for item in items if isinstance(item, Sample) for name, each in item.told()}

    @property
    def states(self) -> list[tuple[str, str | None]]:
        return [(item.state.value, item.reason) for item in self.items if isinstance(item, DeviceStatus)]

    @property
    def details(self) -> list[str | None]:
        return [item.detail for item in self.items if isinstance(item, DeviceStatus)]

    @property
    def notices(self) -> list[Notice]:
        return [item for item in self.items if isinstance(item, Notice)]


def ear(memory: MutableMapping[str, Any] | None = None, *, by: Decoder | None = None, **settings: Any) -> Ear:
    """A device with these settings, heard with what is remembered of it."""
    memory = {} if memory is None else memory
    described, counters, kept = device(**settings), Counters(), Kept(memory)
    points = Points("tag", described)
    key = None if described.key is None else key_bytes(described.key)
    party = Party(
        "tag",
        described,
        points=points,
        decoder=(by or BtHomeDecoder(key, kept)) if points.wants_decoder else None,
        kept=kept,
        learning=Learning.of(described, memory),
        counters=counters,
    )
    return Ear(party, counters, memory, kept)
