"""Pieces that the tests of BLE share."""

from tests.ble.bluez import bluez, bus, radio

__all__ = ["bluez", "bus", "radio"]
