"""What a device that lives would show: values that move within what their points allow. Pure."""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping, Sequence

from gateway.adapter.settings import PointConfig
from gateway.adapter.writing import WriteRules
from gateway.model import Value

PERIOD_S = 60.0
"""Of one swing: slow enough to be followed, quick enough to be seen."""
SWING = 0.1
"""Of the width of the range, to either side of its middle."""
USUAL = (20.0, 30.0)
"""The range of a number that has none: what temperatures, pressures and flows often are."""
USUAL_IN: Mapping[str, tuple[float, float]] = {
    "V": (220.0, 240.0),
    "A": (0.0, 25.0),
    "W": (0.0, 10_000.0),
    "VA": (0.0, 10_000.0),
    "var": (0.0, 2_000.0),
    "Hz": (49.9, 50.1),
    "Pct": (80.0, 100.0),
    "%": (0.0, 100.0),
    "% WMax": (0.0, 100.0),
    "cos()": (0.8, 1.0),
    "C": (20.0, 60.0),
}
"""Likewise where the unit tells more."""
COUNTED = frozenset({"Wh", "kWh", "VAh", "varh", "Secs"})
"""Units of what only grows."""
COUNTED_FROM = 1000.0
"""A device has been at work before; then it grows by one a second."""
DECIMALS = 3
"""More would only make lines longer."""


def lively(device: str, name: str, point: PointConfig, at_s: float) -> Sequence[Value]:
    """What a point should be worth at this moment, in order of preference: not every register or text holds all of it.

    Nothing, where it shall stay as it is: what may be written moves only by that.
    """
    if point.writable is not False and at_s > 0:
        return ()
    turn = at_s / PERIOD_S + zlib.crc32(f"{device}.{name}".encode()) / 2**32
    if point.enum:
        labels = list(point.enum.values())
        return [labels[int(turn * len(labels)) % len(labels)]]
    if point.kind == "bool":
        return [int(turn * 2) % 2 == 1]
    if point.kind == "text":
        return [name, ""]
    low, high = _span(point)
    value = (low + high) / 2 + (high - low) * SWING * math.sin(math.tau * turn)
    if point.range is None and point.unit in COUNTED:
        value = COUNTED_FROM + at_s
    return [_rounded(value, point), _rounded((low + high) / 2, point), _rounded(low, point), 1, 0]


def ratings(point: PointConfig) -> Sequence[Value]:
    """What stands for how much it may be: the most, in order of preference."""
    low, high = _span(point)
    return [_rounded(high, point), _rounded(low, point)]


def _span(point: PointConfig) -> tuple[float, float]:
    """What may be read, narrowed to what may be written."""
    low, high = point.range or USUAL_IN.get(point.unit or "", USUAL)
    rules = point.writable
    if isinstance(rules, WriteRules):
        low = rules.min if rules.min is not None else min(low, rules.max if rules.max is not None else low)
        high = rules.max if rules.max is not None else max(high, low)
    return low, high


def _rounded(value: float, point: PointConfig) -> float:
    return round(value) if point.kind == "int" else round(value, DECIMALS)
