"""What bleparser calls things, and what they are called here. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

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
    "airmentor": frozenset({"humidity"}),
    "inode": frozenset({"voltage"}),
    "oralb": frozenset({"pressure"}),
    "smartdry": frozenset({"voltage", "battery"}),
    "xiaomi": frozenset({"voltage"}),
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


MEMO_SIZE = 1024
"""Names that makers have, each resolved once: there are some 300."""


class _Meaning(NamedTuple):
    """What one word of a maker's becomes; it must lie within `low` and `high`."""

    name: str
    make: Callable[[Any, float], Value | None]
    factor: float
    low: float
    high: float


def translated(family: str, result: Mapping[str, Any]) -> dict[str, Value] | None:
    """By our names and in our units; None where it says what can't be."""
    values: dict[str, Value] = {}
    for theirs, said in result.items():
        meaning = None if said is None else _meaning(family, theirs)
        if meaning is None:
            continue
        value = meaning.make(said, meaning.factor)
        if value is None or not (isinstance(value, str) or meaning.low <= value <= meaning.high):
            return None
        values[meaning.name] = value
    return values


@lru_cache(maxsize=MEMO_SIZE)
def _meaning(family: str, theirs: str) -> _Meaning | None:
    """None: it is not told."""
    ours = OF_FAMILY.get(family, {}).get(theirs) or COMMON.get(theirs) or PROBES.get(theirs)
    quantity = None if ours is None else quantity_of(ours)
    if ours is None or quantity is None or theirs in NOT_BELIEVED.get(family, ()):
        return None
    low, high = CANNOT.get(_stem(ours), (-math.inf, math.inf))
    return _Meaning(ours, _MADE[quantity.kind], FACTORS.get((family, theirs), 1.0), low, high)


def _stem(name: str) -> str:
    """temperature of temperature_2."""
    stem, _, number = name.rpartition("_")
    return stem if number.isdigit() else name


def _float(said: Any, factor: float) -> Value | None:
    """Never -0.0."""
    if isinstance(said, str) or not math.isfinite(said):
        return None
    return round(float(said * factor), DECIMALS) + 0.0


def _int(said: Any, factor: float) -> Value | None:
    return None if isinstance(said, str) or not math.isfinite(said) else round(said * factor)


def _bool(said: Any, _factor: float) -> Value | None:
    return None if isinstance(said, str) else bool(said)


def _text(said: Any, _factor: float) -> Value | None:
    return str(said)


_MADE: Mapping[str, Callable[[Any, float], Value | None]] = {
    "float": _float,
    "int": _int,
    "bool": _bool,
    "text": _text,
}
