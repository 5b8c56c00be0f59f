"""Addresses that a device has for a quarter of an hour only. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.config import BleDevice
from gateway.adapter import Advice

LOCAL = 0x02
"""Of the first byte: no maker was given this address (IEEE 802-2014, 8.2), so a Bluetooth device has made it up."""
STATIC = 0b10
"""Least of the two most significant bits of those that stay (Core Specification 6.0, Vol 6, Part B, 1.3.2)."""


def of_address(name: str, device: BleDevice) -> Iterator[Advice]:
    """Of one device; some cheap ones have made up what they keep."""
    if device.address is None or device.identity_key is not None:
        return
    first = int(device.address[:2], 16)
    if first & LOCAL and first >> 6 < STATIC:
        text = "this looks like an address that changes each quarter of an hour: then write the device's identity_key"
        yield Advice("other", f"{text} instead (`fieldgate scan ble` says what kind it is)", ("address",), name)
