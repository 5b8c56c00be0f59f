"""Points that a device is found to have, rather than configured with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from adapters.ble.config import BleDevice, BlePoint
from adapters.ble.config.device import TYPE_OF
from adapters.ble.quantities import DECODED, OF_ANY, PRESENT, RSSI, Quantity, quantity_of

LEARNED = "learned"
"""Names of what it tells, in the memory of a device."""

SETTLED_S = 5.0
"""When nothing new was told for so long, the points are found: devices spread what they tell over some packets."""

MAX_LEARNED = 64
"""Who sends in a device's name must not fill the memory."""

ALWAYS = (RSSI, PRESENT)
"""What a device that is heard has anyway."""

_PLACES = {name: place for place, name in enumerate((*DECODED, *OF_ANY))}


def completed(device: BleDevice, memory: Mapping[str, Any]) -> BleDevice:
    """The device with the points that were learned of it; as it is where it has its own, or nothing is known yet."""
    if not device.learns:
        return device
    points = points_of(known(memory))
    return device.model_copy(update={"points": points}) if points else device


def known(memory: Mapping[str, Any]) -> tuple[str, ...]:
    """What was learned of a device, in an order that does not depend on what was heard first."""
    names = memory.get(LEARNED)
    if not isinstance(names, list):
        return ()
    return tuple(sorted({name for name in names if isinstance(name, str) and quantity_of(name)}, key=_place))


def points_of(names: Iterable[str]) -> dict[str, BlePoint]:
    """Points that are called what the decoder calls them, in its units."""
    found = ((name, quantity_of(name)) for name in names)
    return {name: _point(what) for name, what in found if what is not None}


class Learning:
    """What is found while a device is heard; `memory` has it once it is worth it, and never less than before."""

    def __init__(self, memory: MutableMapping[str, Any]) -> None:
        self._memory = memory
        self._known = set(known(memory))
        self._found: set[str] = set()
        self._found_s = 0.0

    @classmethod
    def of(cls, device: BleDevice, memory: MutableMapping[str, Any]) -> Learning | None:
        """None where its points are the installer's own."""
        is_learned = device.decoder is not None and device.points == points_of(known(memory))
        return cls(memory) if is_learned else None

    def hear(self, names: Iterable[str], now_s: float) -> None:
        """It tells these."""
        for name in (*names, *ALWAYS):
            if name not in self._known and quantity_of(name) and len(self._known) < MAX_LEARNED:
                self._known.add(name)
                self._found.add(name)
                self._found_s = now_s

    def is_settled(self, now_s: float) -> bool:
        """Whether it has other points now than before, and seems to have them all; true once, and then remembered."""
        if not self._found or now_s - self._found_s < SETTLED_S:
            return False
        self._found.clear()
        self._memory[LEARNED] = sorted(self._known, key=_place)
        return True


def _place(name: str) -> tuple[int, str, int]:
    """As in the table of quantities; the second of a kind follows the first."""
    stem, _, number = name.rpartition("_")
    if name in _PLACES or not number.isdecimal():
        return _PLACES.get(name, len(_PLACES)), name, 1
    return _PLACES.get(stem, len(_PLACES)), stem, int(number)


def _point(what: Quantity) -> BlePoint:
    return BlePoint.model_validate({"type": TYPE_OF[what.kind], "unit": what.unit})
