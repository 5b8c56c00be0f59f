"""Devices that are one and the same. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapters.ble.config import BleDevice, key_bytes
from adapters.ble.gatt.crowd import connects
from gateway.adapter import Advice


def of_twins(devices: Mapping[str, BleDevice]) -> Iterator[Advice]:
    """Two may hear the same one, though that is seldom meant; two can't connect to it."""
    seen: dict[object, str] = {}
    for name, device in devices.items():
        for key, value in _identities(device):
            first = seen.setdefault(value, name)
            if first != name:
                yield _one(name, device, first, devices[first], key)


def _identities(device: BleDevice) -> Iterator[tuple[str, object]]:
    if device.address is not None:
        yield "address", device.address
    if device.identity_key is not None:
        yield "identity_key", key_bytes(device.identity_key)


def _one(name: str, device: BleDevice, first: str, other: BleDevice, key: str) -> Advice:
    what = key.replace("_", " ")
    if connects(device) and connects(other):
        text = f"{first} has this {what}, too, and only one can connect to it - put the points of both into one device"
        return Advice("impossible", text, (key,), name)
    text = f"{first} has this {what}, too - give each its own, or put the points of both into one device"
    return Advice("address", text, (key,), name)
