"""What the Bluetooth SIG has given names to: services, characteristics with their formats, descriptors. Pure."""

from adapters.ble.sig.characteristic import Characteristic, SigField, Undecodable
from adapters.ble.sig.formats import CHARACTERISTIC_UUIDS, CHARACTERISTICS, by_uuid
from adapters.ble.sig.names import DESCRIPTORS, SERVICES, hint

__all__ = [
    "CHARACTERISTICS",
    "CHARACTERISTIC_UUIDS",
    "DESCRIPTORS",
    "SERVICES",
    "Characteristic",
    "SigField",
    "Undecodable",
    "by_uuid",
    "hint",
]
