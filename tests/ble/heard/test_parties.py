"""Everybody who is heard on one radio."""

from typing import Any

import pytest

from adapters.ble.advert import Advert
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.heard.parties import Heard
from gateway.model import DeviceStatus, Sample
from tests.ble.heard.setup import BTHOME, bthome

MINE, OTHERS = "AA:00:00:00:00:01", "AA:00:00:00:00:02"


def devices(**settings: dict[str, Any]) -> dict[str, BleDevice]:
    return {name: BleDevice.model_validate({"link": "radio", **each}) for name, each in settings.items()}


def heard(scan: str = "active", **settings: dict[str, Any]) -> Heard:
    link = BleLink.model_validate({"adapter": "ble", "scan": scan})
    return Heard(link, devices(**settings), {name: {} for name in settings})


def said(address: str, temperature: float) -> Advert:
    return Advert(address, 0, -60, services={BTHOME: bthome(temperature)})


ROOM: dict[str, Any] = {"address": MINE, "decoder": "bthome", "points": {"temperature": None}}
LOCK: dict[str, Any] = {"address": OTHERS, "points": {"level": {"characteristic": "battery_level"}}}


def test_each_advertisement_is_its_owners_and_strangers_are_counted() -> None:
    everybody = heard(room=ROOM, other={**ROOM, "address": OTHERS})
    names = [
        item.group.device
        for address in (MINE, OTHERS, "AA:00:00:00:00:03")
        for item in everybody.hear(said(address, 21.5), 0.0)
        if isinstance(item, Sample)
    ]
    assert names == ["room", "other"]
    assert (everybody.counters["adverts"], everybody.counters["strangers"]) == (2, 1)


def test_a_device_that_advertises_nothing_wanted_is_nobody_here() -> None:
    everybody = heard(room=ROOM, lock=LOCK)
    assert everybody.names == {"room"}
    everybody.look(0.0, 0)
    silent = [item.device for item in everybody.look(300.0, 0) if isinstance(item, DeviceStatus)]
    assert silent == ["room"]


def test_where_nobody_scans_nobody_is_silent() -> None:
    everybody = heard("off", room=ROOM)
    everybody.look(0.0, 0)
    assert everybody.look(10_000.0, 0) == []


@pytest.mark.parametrize("name", ["auto", "bthome"])
def test_decoders_are_those_of_the_configuration(name: str) -> None:
    everybody = heard(room={**ROOM, "decoder": name})
    (status, sample) = everybody.hear(said(MINE, 21.5), 0.0)
    assert isinstance(sample, Sample)
    assert sample.values == (21.5,)
    assert isinstance(status, DeviceStatus)
    assert status.detail == ("known as bthome" if name == "auto" else None)


def test_two_devices_of_the_configuration_may_be_one() -> None:
    everybody = heard(room=ROOM, same={**ROOM, "points": {"rssi": None}})
    told = [item.values for item in everybody.hear(said(MINE, 21.5), 0.0) if isinstance(item, Sample)]
    assert told == [(21.5,), (-60,)]


def test_at_the_end_what_must_not_be_forgotten_is_in_the_memory() -> None:
    memory: dict[str, dict[str, Any]] = {"room": {}}
    room = {**ROOM, "points": {"button": None}}
    everybody = Heard(BleLink.model_validate({"adapter": "ble"}), devices(room=room), memory)
    for packet in (1, 2):
        services = {BTHOME: bthome(21.5, packet=packet)}
        everybody.hear(Advert(MINE, 0, -60, services=services), float(packet))
    everybody.rest()
    assert memory["room"]["counters"]["packet"] == 2
