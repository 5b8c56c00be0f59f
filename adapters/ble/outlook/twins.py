"""Devices that are one and the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.ble.config import BleDevice, key_bytes
from gateway.adapter import Advice


def of_twins(devices: Mapping[str, BleDevice]) -> Iterator[Advice]:
    """What is heard under an address or an identity key belongs to one device."""
    addresses: dict[str, str] = {}
    keys: dict[bytes, str] = {}
    for name, device in devices.items():
        if device.identity_key is not None:
            first = keys.setdefault(key_bytes(device.identity_key), name)
            if first != name:
                yield _one(name, f"{first} has this identity key", "identity_key")
        elif device.address is not None:
            first = addresses.setdefault(device.address, name)
            if first != name:
                yield _one(name, f"{first} has this address", "address")


def _one(name: str, same: str, key: str) -> Advice:
    text = f"{same}, too, so both are one device - give this one its own, or put the points of both into one device"
    return Advice("impossible", text, (key,), name)
