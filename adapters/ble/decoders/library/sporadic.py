"""Which of Xiaomi's devices speak when something happens, so that their silence says nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterable

SPEAK_UP = frozenset({"CGH1", "HS1BB(MI)", "JTYJGD03MI", "MCCGQ02HL", "MS1BB(MI)", "RTCGQ02LM"})
"""Doors, smoke, motion: those of bleparser's models that xiaomi-ble 1.21 has among its sleepy ones."""
MEASURED = frozenset(
    {"temperature", "humidity", "illuminance", "moisture", "conductivity", "formaldehyde", "consumable"}
)
"""Who tells these tells them at intervals."""
BY_ALL = frozenset({"battery", "voltage"})
"""They say nothing of how often the rest is told."""


def sporadic(model: str, names: Iterable[str]) -> bool | None:
    """Of the device that tells these; None: that can't be seen from them."""
    told = {*names}
    if model in SPEAK_UP:
        return True
    if told & MEASURED:
        return False
    return True if told - BY_ALL else None
