"""What points of sensors show that live, in the bounds of what they usually measure. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.ble.config import BlePoint
from adapters.ble.quantities import LOST, NAME, PRESENT, TX_POWER, quantity_of
from gateway.adapter import lively
from gateway.model import Value

USUAL: Mapping[str, tuple[float, float]] = {
    "rssi": (-90, -50),
    "temperature": (18, 26),
    "humidity": (35, 65),
    "pressure": (1000, 1025),
    "battery": (60, 100),
    "battery_level": (60, 100),
    "voltage": (2.9, 3.1),
    "co2": (400, 1200),
    "illuminance": (0, 800),
    "acceleration_x": (-1, 1),
    "acceleration_y": (-1, 1),
    "acceleration_z": (9.5, 10.1),
}
"""By what decoders and standard formats call it."""

STILL = frozenset({LOST, NAME, PRESENT, TX_POWER})
"""What does not move by itself."""


def is_event(called: str) -> bool:
    """Whether it happens once, rather than being so."""
    known = quantity_of(called)
    return known is not None and known.is_event


def alive(device: str, name: str, point: BlePoint, at_s: float) -> Sequence[Value]:
    """What it should be worth at this moment, in order of preference; nothing: it stays as it is."""
    called = point.called(name)
    if called in STILL or is_event(called):
        return ()
    if point.range is None and point.scale == 1 and point.offset == 0 and called in USUAL:
        point = point.model_copy(update={"range": [*USUAL[called]]})
    return lively(device, name, point, at_s)
