"""Devices as a folder: what is configured, a capture of what was in the air, and what must come of it.

`air.txt` is a capture as `fieldgate monitor LINK --raw --record air.txt` writes it: of each advertisement its address,
its RSSI in one signed byte, and its AD structures. What went over connections is passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

from adapters.ble.advert import Advert
from adapters.ble.air.att import ADDRESS_BYTES
from adapters.ble.air.frame import is_advertisement
from adapters.ble.config import BleDevice, BleLink
from adapters.ble.heard.parties import Heard
from adapters.ble.items import Item
from gateway import plugins
from gateway.adapter.capture import Traffic, parse_capture
from gateway.config import Site, load
from tests.ble.decoders.captured import advert
from tests.support.played import Told

SECRETS = {
    "cold-room-key": "231d39c1d7cc1ab1aee224cd096db932",  # of BTHome's own example (bthome.io/encryption)
    "phone-key": "EC0234A357C8AD05341010A60A397D9B",  # Core Specification 6.0, Vol 3, Part H, Appendix D.7
    "door-passkey": "012345",
}
LOOK_S = 1.0
US = 1_000_000
LAST_LOOKS = 7200
"""A case is over so many seconds after its last line."""


def site_of(folder: Path, secrets: Path) -> Site:
    """As it is configured, with made-up secrets."""
    for name, secret in SECRETS.items():
        (secrets / name).write_text(secret)
    return load(folder / "gateway.yaml", plugins.catalog(), {"CREDENTIALS_DIRECTORY": str(secrets)})


def radio_of(folder: Path, secrets: Path) -> tuple[BleLink, Mapping[str, BleDevice]]:
    """Its only link, and the devices there."""
    ((_, setup),) = site_of(folder, secrets).links.items()
    link, devices = setup.config, setup.devices
    assert isinstance(link, BleLink)
    return link, {name: device for name, device in devices.items() if isinstance(device, BleDevice)}


def outcome_of(folder: Path, secrets: Path) -> Told:
    """What is told of it, in the order in which it is."""
    link, devices = radio_of(folder, secrets)
    heard = Heard(link, devices, {name: {} for name in devices})
    told, now_s = Told(), 0.0
    for at_s, said in _moments(folder / "air.txt"):
        while now_s + LOOK_S <= at_s:
            now_s += LOOK_S
            _tell(told, heard.look(now_s, round(now_s * 1000)))
        _tell(told, heard.hear(said, at_s))
    for _ in range(LAST_LOOKS):
        now_s += LOOK_S
        _tell(told, heard.look(now_s, round(now_s * 1000)))
    return told


def _tell(told: Told, items: Iterable[Item]) -> None:
    for item in items:
        told(item)


def _moments(path: Path) -> Iterator[tuple[float, Advert]]:
    entries = parse_capture(path.read_text().splitlines(), path.name).entries
    begun_us = entries[0].at_us
    for entry in entries:
        assert isinstance(entry, Traffic), "nothing is commanded to who advertises"
        if not is_advertisement(entry.data):
            continue
        address, rssi = entry.data[:ADDRESS_BYTES].hex(":").upper(), entry.data[ADDRESS_BYTES : ADDRESS_BYTES + 1]
        at_us = entry.at_us - begun_us
        said = advert(address, entry.data[ADDRESS_BYTES + 1 :])
        yield at_us / US, replace(said, rssi=int.from_bytes(rssi, signed=True), time_ms=at_us // 1000)
