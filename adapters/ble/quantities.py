"""What advertisements tell, by the names under which every decoder tells it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gateway.model import Kind


class Quantity(NamedTuple):
    """`is_event`: it happened once, and is not so any more: a button that was pressed."""

    kind: Kind
    unit: str | None = None
    is_event: bool = False


RSSI, TX_POWER, NAME, LOST, PRESENT = "rssi", "tx_power", "name", "lost", "present"
"""What every device has, whatever its decoder.

`lost`: packets that its counter says were sent and that were never heard, since the gateway's start; `present`: whether
it was heard within `stale_after`.
"""

OF_ANY: Mapping[str, Quantity] = MappingProxyType(
    {
        RSSI: Quantity("int", "dBm"),
        TX_POWER: Quantity("int", "dBm"),
        NAME: Quantity("text"),
        LOST: Quantity("int"),
        PRESENT: Quantity("bool"),
    }
)

DECODED: Mapping[str, Quantity] = MappingProxyType(
    {
        "temperature": Quantity("float", "°C"),
        "humidity": Quantity("float", "%"),
        "battery": Quantity("int", "%"),
        "voltage": Quantity("float", "V"),
        "button": Quantity("text", is_event=True),
    }
)
"""Units are always these: decoders convert. A device with several of a kind has `temperature`, `temperature_2`, ..."""

_COUNTED = re.compile(r"(.+)_([2-9]|[1-9]\d)")


def quantity_of(name: str) -> Quantity | None:
    """What is known of a name, also of the second and third of its kind."""
    found = OF_ANY.get(name) or DECODED.get(name)
    if found is None and (counted := _COUNTED.fullmatch(name)):
        return DECODED.get(counted[1])
    return found
