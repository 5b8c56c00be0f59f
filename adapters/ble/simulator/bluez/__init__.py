"""BlueZ's D-Bus API with radios that hear what they are told: bleak and bluetoothctl run on it unchanged."""

from adapters.ble.simulator.bluez.bluez import Bluez
from adapters.ble.simulator.bluez.daemon import Settings
from adapters.ble.simulator.bluez.errors import AttError
from adapters.ble.simulator.bluez.injections import Injection
from adapters.ble.simulator.bluez.peripheral import Characteristic, Descriptor, Peripheral, Service
from adapters.ble.simulator.bluez.radio import Mends, Radio

__all__ = [
    "AttError",
    "Bluez",
    "Characteristic",
    "Descriptor",
    "Injection",
    "Mends",
    "Peripheral",
    "Radio",
    "Service",
    "Settings",
]
