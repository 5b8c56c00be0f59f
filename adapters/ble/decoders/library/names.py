"""What bleparser calls things, and what they are called here. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from adapters.ble.quantities import quantity_of
from gateway.model import Value

DECIMALS = 4
"""Of what was computed from a raw number: no sensor resolves more, and the rest is noise of the arithmetic."""

G = 9.80665
"""m/s² (ISO 80000-3, standard acceleration of free fall)."""

COMMON: Mapping[str, str] = {
    "temperature": "temperature", "humidity": "humidity", "battery": "battery", "voltage": "voltage",
    "illuminance": "illuminance", "pressure": "pressure", "moisture": "moisture", "conductivity": "conductivity",
    "co2": "co2", "pm1": "pm1", "pm2.5": "pm25", "pm4": "pm4", "pm10": "pm10", "aqi": "air_quality_index",
    "dewpoint": "dew_point", "motion": "motion", "light": "light", "opening": "opening", "door": "door",
    "formaldehyde": "formaldehyde", "gravity": "gravity", "weight": "mass", "stabilized weight": "mass",
    "impedance": "impedance", "pulse": "heart_rate", "uptime": "uptime", "consumable": "consumable",
    "smoke detector": "smoke", "low battery": "battery_low", "sleeping": "sleeping", "snoring": "snoring",
    "bed occupancy": "occupancy", "no motion time": "idle_time", "armed away": "armed", "button": "button",
    "dimmer": "dimmer", "remote": "command", "fan remote": "command", "ventilator fan remote": "command",
    "bathroom heater remote": "command", "lock": "unlocked", "action": "lock_action", "method": "lock_method",
    "key id": "lock_key", "error": "lock_error", "door action": "door_action", "status": "opening_status",
    "result": "fingerprint", "toothbrush": "running", "energy": "energy", "power": "power",
}  # fmt: skip

PROBES: Mapping[str, str] = {
    f"{theirs} {number}": ours if number == 1 else f"{ours}_{number}"
    for number in range(1, 7)
    for theirs, ours in (
        ("temperature probe", "temperature"),
        ("humidity probe", "humidity"),
        ("battery probe", "battery"),
        ("temperature alarm probe", "temperature_alarm"),
        ("volume dispensed port", "volume"),
    )
}

OF_FAMILY: Mapping[str, Mapping[str, str]] = {
    "mikrotik": {"switch": "input", "tilt": "tilted", "dropping": "dropped", "impact": "impact"},
    "xiaomi": {
        "switch": "power_on",
        "button left": "button_left",
        "button middle": "button_middle",
        "button right": "button_right",
    },
    "sensirion": {"voc": "voc_index", "nox": "nox_index", "c02": "co2", "hcho": "formaldehyde_ppb"},
    "almendo": {"tvoc": "voc_ppb"},
    "kkm": {"acceleration_x": "acceleration_x", "acceleration_y": "acceleration_y", "acceleration_z": "acceleration_z"},
}
"""Where the same word means something else."""

NOT_BELIEVED: Mapping[str, frozenset[str]] = {
    "airmentor": frozenset({"humidity", "tvoc"}),
    "inode": frozenset({"voltage"}),
    "oralb": frozenset({"pressure", "mode"}),
    "smartdry": frozenset({"voltage", "battery"}),
    "xiaomi": frozenset({"voltage", "mode", "counter"}),
    "kegtron": frozenset({"port name"}),
}
"""Made up from something else (a voltage from per cent), computed wrongly (airmentor.py and smartdry.py of bleparser
3.7 take a constant for the humidity, and volts for millivolts), or no quantity."""

FACTORS: Mapping[tuple[str, str], float] = {
    ("kkm", "acceleration_x"): G / 1000,
    ("kkm", "acceleration_y"): G / 1000,
    ("kkm", "acceleration_z"): G / 1000,
}
"""To our units."""

CANNOT: Mapping[str, tuple[float, float]] = {
    "temperature": (-100.0, 400.0),
    "humidity": (0.0, 105.0),
    "battery": (0, 100),
    "moisture": (0.0, 100.0),
    "voltage": (0.0, 60.0),
    "pressure": (100.0, 1300.0),
    "co2": (0, 50_000),
    "gravity": (0.9, 1.3),
    "mass": (0.0, 1000.0),
    "conductivity": (0.0, 50_000.0),
}
"""What is outside says that the advertisement is not what it seems: then nothing of it is believed. A humidity may
come out a little above 100 % where it condenses; govee sets the highest bit of the battery when its sensor fails."""


def translated(family: str, result: Mapping[str, Any]) -> dict[str, Value] | None:
    """By our names and in our units; None where it says what can't be."""
    own = OF_FAMILY.get(family, {})
    ignored = NOT_BELIEVED.get(family, frozenset())
    values: dict[str, Value] = {}
    for theirs, said in result.items():
        ours = own.get(theirs) or COMMON.get(theirs) or PROBES.get(theirs)
        if ours is None or said is None or theirs in ignored:
            continue
        value = _value(ours, said, FACTORS.get((family, theirs), 1.0))
        if value is None or not _can_be(ours, value):
            return None
        values[ours] = value
    return values


def _value(name: str, said: Any, factor: float) -> Value | None:
    """Of the kind that the quantity is; None where it can't be made so."""
    quantity = quantity_of(name)
    if quantity is None:
        return None
    if isinstance(said, float) and not math.isfinite(said):
        return None
    return _MADE[quantity.kind](said, factor)


def _number(said: Any, factor: float) -> float | None:
    if isinstance(said, str):
        return None
    return round(float(said * factor), DECIMALS) + 0.0


_MADE: Mapping[str, Callable[[Any, float], Value | None]] = {
    "float": _number,
    "int": lambda said, factor: None if isinstance(said, str) else round(said * factor),
    "bool": lambda said, _factor: None if isinstance(said, str) else bool(said),
    "text": lambda said, _factor: str(said),
}
"""-0.0 + 0.0 is 0.0."""


def _can_be(name: str, value: Value) -> bool:
    low, high = CANNOT.get(_kind(name), (-math.inf, math.inf))
    return isinstance(value, str) or low <= value <= high


def _kind(name: str) -> str:
    """temperature of temperature_2."""
    stem, _, number = name.rpartition("_")
    return stem if number.isdigit() else name
