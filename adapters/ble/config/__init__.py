"""What an installer writes about a radio and the devices it hears. Pure."""

from adapters.ble.config.data import AdvertData
from adapters.ble.config.device import BleDevice, Parts
from adapters.ble.config.gatt import Answer, BleCommand, Gatt
from adapters.ble.config.link import BleLink
from adapters.ble.config.names import full_uuid, key_bytes, parse_address, parse_uuid
from adapters.ble.config.point import Attribute, BlePoint, WriteMode

__all__ = [
    "AdvertData",
    "Answer",
    "Attribute",
    "BleCommand",
    "BleDevice",
    "BleLink",
    "BlePoint",
    "Gatt",
    "Parts",
    "WriteMode",
    "full_uuid",
    "key_bytes",
    "parse_address",
    "parse_uuid",
]
