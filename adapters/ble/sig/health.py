"""What is measured of bodies (GATT Specification Supplement). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.sig.characteristic import Characteristic, SigField, Undecodable
from adapters.ble.sig.flagged import Flags, Part, always, both, flagged, has, lacks
from adapters.ble.sig.forms import labels, number, simple
from adapters.ble.sig.medical import FLOAT, SFLOAT, decimal
from adapters.ble.sig.moments import DATE_TIME
from gateway.model import Value

_U8, _U16 = number("uint8"), number("uint16")
_USER = number("uint8", unknown=0xFF)
_FLAGS_OF_HEART = 5
_RR_S = 1024
"""Intervals between beats are in 1/1024 s."""
_PER_KPA = 7.50062
"""mmHg: a conventional millimetre of mercury is 133.322 Pa."""
_LB, _INCH = 0.45359237, 0.0254

_KG = number("uint16", 0.005, unknown=0xFFFF)
_POUNDS = number("uint16", 0.01 * _LB, unknown=0xFFFF, decimals=3)
_METRES = number("uint16", 0.001)
_INCHES = number("uint16", 0.1 * _INCH, decimals=3)
_CELSIUS = decimal(FLOAT)
_FAHRENHEIT = decimal(FLOAT, 5 / 9, -160 / 9, decimals=3)
_MMHG = decimal(SFLOAT)
_KPA = decimal(SFLOAT, _PER_KPA, decimals=1)
_PULSE = decimal(SFLOAT)
_PLACES = labels("armpit", "body", "ear", "finger", "gastrointestinal", "mouth", "rectum", "toe", "tympanum", first=1)
_IMPERIAL = 0


def _heart_rate(data: bytes) -> Mapping[str, Value]:
    """The newest interval between beats is told, if there are several."""
    if not data:
        raise Undecodable("it has no byte")
    flags, wide = data[0], 1 + (data[0] & 1)
    energy = 1 + wide
    intervals = energy + 2 * (flags >> 3 & 1)
    rest = len(data) - intervals
    if rest < 0 or rest % 2 or (rest > 0) != bool(flags >> 4 & 1):
        raise Undecodable("its length is not what its flags say")
    values: dict[str, Value] = {"heart_rate": int.from_bytes(data[1:energy], "little")}
    if flags & 0b100:
        values["contact"] = bool(flags & 0b10)
    if flags >> 3 & 1:
        values["energy_expended"] = int.from_bytes(data[energy:intervals], "little")
    if rest:
        values["rr_interval"] = int.from_bytes(data[-2:], "little") / _RR_S
    return values


def _of_weight(at: int, name: str) -> tuple[Part, Part]:
    """In kilograms, whatever it is measured in; `at`: the bit that says that it is there."""
    return Part(both(has(at), lacks(_IMPERIAL)), name, _KG, "kg"), Part(has(at, _IMPERIAL), name, _POUNDS, "kg")


def _of_height(at: int) -> tuple[Part, Part]:
    return (
        Part(both(has(at), lacks(_IMPERIAL)), "height", _METRES, "m"),
        Part(has(at, _IMPERIAL), "height", _INCHES, "m"),
    )


def _of_temperature(name: str, uuid: int) -> tuple[str, Characteristic]:
    return flagged(
        name,
        uuid,
        Flags(1, 3),
        (
            Part(lacks(0), "temperature", _CELSIUS, "°C"),
            Part(has(0), "temperature", _FAHRENHEIT, "°C"),
            Part(has(1), "time", DATE_TIME),
            Part(has(2), "place", _PLACES),
        ),
    )


def _of_pressure(name: str, uuid: int, called: tuple[str, str, str]) -> tuple[str, Characteristic]:
    in_mmhg = tuple(Part(lacks(0), each, _MMHG, "mmHg") for each in called)
    in_kpa = tuple(Part(has(0), each, _KPA, "mmHg") for each in called)
    rest = (
        Part(has(1), "time", DATE_TIME),
        Part(has(2), "pulse_rate", _PULSE, "bpm"),
        Part(has(3), "user", _USER),
        Part(has(4), "status", _U16),
    )
    return flagged(name, uuid, Flags(1, 5), (*in_mmhg, *in_kpa, *rest))


HEALTH: tuple[tuple[str, Characteristic], ...] = (
    (
        "heart_rate_measurement",
        Characteristic(
            0x2A37,
            {
                "heart_rate": SigField("int", "bpm"),
                "contact": SigField("bool"),
                "energy_expended": SigField("int", "kJ"),
                "rr_interval": SigField("float", "s"),
            },
            _heart_rate,
        ),
    ),
    simple("body_sensor_location", 0x2A38, labels("other", "chest", "wrist", "finger", "hand", "ear-lobe", "foot")),
    _of_temperature("temperature_measurement", 0x2A1C),
    _of_temperature("intermediate_temperature", 0x2A1E),
    simple("temperature_type", 0x2A1D, _PLACES),
    simple("measurement_interval", 0x2A21, _U16, "s"),
    _of_pressure("blood_pressure_measurement", 0x2A35, ("systolic", "diastolic", "mean_arterial_pressure")),
    _of_pressure("intermediate_cuff_pressure", 0x2A36, ("cuff_pressure", "", "")),
    flagged(
        "plx_spot_check_measurement",
        0x2A5E,
        Flags(1, 5),
        (
            Part(always, "spo2", _PULSE, "%"),
            Part(always, "pulse_rate", _PULSE, "bpm"),
            Part(has(0), "time", DATE_TIME),
            Part(has(1), "status", _U16),
            Part(has(2), "device_status", number("uint24")),
            Part(has(3), "pulse_amplitude_index", _PULSE, "%"),
        ),
    ),
    simple("age", 0x2A80, _U8, "a"),
    simple("weight", 0x2A98, number("uint16", 0.005), "kg"),
    simple("height", 0x2A8E, number("uint16", 0.01), "m"),
    flagged(
        "weight_measurement",
        0x2A9D,
        Flags(1, 4),
        (
            Part(lacks(_IMPERIAL), "weight", _KG, "kg"),
            Part(has(_IMPERIAL), "weight", _POUNDS, "kg"),
            Part(has(1), "time", DATE_TIME),
            Part(has(2), "user", _USER),
            Part(has(3), "bmi", number("uint16", 0.1), "kg/m²"),
            *_of_height(3),
        ),
    ),
    flagged(
        "body_composition_measurement",
        0x2A9C,
        Flags(2, 13),
        (
            Part(always, "body_fat", number("uint16", 0.1, unknown=0xFFFF), "%"),
            Part(has(1), "time", DATE_TIME),
            Part(has(2), "user", _USER),
            Part(has(3), "basal_metabolism", _U16, "kJ"),
            Part(has(4), "muscle", number("uint16", 0.1), "%"),
            *_of_weight(5, "muscle_mass"),
            *_of_weight(6, "fat_free_mass"),
            *_of_weight(7, "soft_lean_mass"),
            *_of_weight(8, "body_water_mass"),
            Part(has(9), "impedance", number("uint16", 0.1), "Ω"),
            *_of_weight(10, "weight"),
            *_of_height(11),
        ),
    ),
)
