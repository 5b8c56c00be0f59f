"""Bluetooth Low Energy: what sensors advertise, and what is read and written over connections."""

from adapters.ble.adapter import BleAdapter

__all__ = ["BleAdapter"]
