"""Names of services and descriptors (Bluetooth SIG, Assigned Numbers). Pure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

SERVICES: Mapping[str, int] = MappingProxyType(
    {"generic_access": 0x1800, "device_information": 0x180A, "battery_service": 0x180F, "environmental_sensing": 0x181A}
)

DESCRIPTORS: Mapping[str, int] = MappingProxyType(
    {"characteristic_user_description": 0x2901, "client_characteristic_configuration": 0x2902}
)


def hint(text: str, known: Iterable[str]) -> str:
    """The nearest names, or some."""
    names = list(known)
    near = difflib.get_close_matches(text, names, 2) or names[:2]
    return f"a standard name, like {' or '.join(near)}"
