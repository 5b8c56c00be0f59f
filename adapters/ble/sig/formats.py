"""Characteristics by their names, and what their bytes mean (Bluetooth SIG, GATT Specification Supplement). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from adapters.ble.sig.characteristic import Characteristic
from adapters.ble.sig.device import DEVICE
from adapters.ble.sig.electric import ELECTRIC
from adapters.ble.sig.environment import ENVIRONMENT
from adapters.ble.sig.health import HEALTH
from adapters.ble.sig.motion import MOTION

CHARACTERISTICS: Mapping[str, Characteristic] = MappingProxyType(
    dict((*ENVIRONMENT, *ELECTRIC, *DEVICE, *HEALTH, *MOTION))
)
CHARACTERISTIC_UUIDS: Mapping[str, int] = MappingProxyType({name: each.uuid for name, each in CHARACTERISTICS.items()})
_BY_UUID = {f"{each.uuid:08x}-0000-1000-8000-00805f9b34fb": name for name, each in CHARACTERISTICS.items()}


def by_uuid(uuid: str) -> str | None:
    """The standard name of what has this UUID, all its bits in small letters."""
    return _BY_UUID.get(uuid)
