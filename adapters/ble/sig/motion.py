"""What is measured of runners, bicycles and whatever else moves (GATT Specification Supplement). Pure."""

from __future__ import annotations

from adapters.ble.sig.characteristic import Characteristic, SigField
from adapters.ble.sig.flagged import NO_FLAGS, Flags, Part, always, flagged, has, lacks
from adapters.ble.sig.forms import Form, labels, number, simple
from adapters.ble.sig.moments import DATE_TIME

_U8, _U16, _S16, _U24, _U32 = (number(kind) for kind in ("uint8", "uint16", "int16", "uint24", "uint32"))
_CRANK_S, _WHEEL_S = number("uint16", 1 / 1024), number("uint16", 1 / 2048)
_TORQUE = 1 / 32
_KMH = number("uint16", 0.01)
_CADENCE = number("uint16", 0.5)
_MICROTESLA = number("int16", 0.1)


def _revolutions(wheel: int, crank: int, wheel_s: Form) -> tuple[Part, ...]:
    """How often, and when last; both begin anew when their number is full."""
    return (
        Part(has(wheel), "wheel_revolutions", _U32),
        Part(has(wheel), "wheel_time", wheel_s, "s"),
        Part(has(crank), "crank_revolutions", _U16),
        Part(has(crank), "crank_time", _CRANK_S, "s"),
    )


def _axes(name: str, uuid: int, axes: str) -> tuple[str, Characteristic]:
    return flagged(name, uuid, NO_FLAGS, tuple(Part(always, axis, _MICROTESLA, "µT") for axis in axes))


MOTION: tuple[tuple[str, Characteristic], ...] = (
    flagged("csc_measurement", 0x2A5B, Flags(1, 2), _revolutions(0, 1, _CRANK_S)),
    flagged(
        "rsc_measurement",
        0x2A53,
        Flags(1, 3),
        (
            Part(always, "speed", number("uint16", 1 / 256), "m/s"),
            Part(always, "cadence", _U8, "rpm"),
            Part(has(0), "stride_length", number("uint16", 0.01), "m"),
            Part(has(1), "total_distance", number("uint32", 0.1), "m"),
        ),
        {"running": (SigField("bool"), lambda flags: bool(flags >> 2 & 1))},
    ),
    simple(
        "sensor_location",
        0x2A5D,
        labels(
            "other",
            "top-of-shoe",
            "in-shoe",
            "hip",
            "front-wheel",
            "left-crank",
            "right-crank",
            "left-pedal",
            "right-pedal",
            "front-hub",
            "rear-dropout",
            "chainstay",
            "rear-wheel",
            "rear-hub",
            "chest",
            "spider",
            "chain-ring",
        ),
    ),
    flagged(
        "cycling_power_measurement",
        0x2A63,
        Flags(2, 13),
        (
            Part(always, "power", _S16, "W"),
            Part(has(0), "pedal_power_balance", number("uint8", 0.5), "%"),
            Part(has(2), "accumulated_torque", number("uint16", _TORQUE), "N·m"),
            *_revolutions(4, 5, _WHEEL_S),
            Part(has(6), "maximum_force", _S16, "N"),
            Part(has(6), "minimum_force", _S16, "N"),
            Part(has(7), "maximum_torque", number("int16", _TORQUE), "N·m"),
            Part(has(7), "minimum_torque", number("int16", _TORQUE), "N·m"),
            Part(has(8), "", _U24),
            Part(has(9), "top_dead_spot_angle", _U16, "°"),
            Part(has(10), "bottom_dead_spot_angle", _U16, "°"),
            Part(has(11), "accumulated_energy", _U16, "kJ"),
        ),
    ),
    flagged(
        "location_and_speed",
        0x2A67,
        Flags(2, 13),
        (
            Part(has(0), "speed", number("uint16", 0.01), "m/s"),
            Part(has(1), "total_distance", number("uint24", 0.1), "m"),
            Part(has(2), "latitude", number("int32", 1e-7, low=-90, high=90), "°"),
            Part(has(2), "longitude", number("int32", 1e-7, low=-180, high=180), "°"),
            Part(has(3), "elevation", number("int24", 0.01), "m"),
            Part(has(4), "heading", number("uint16", 0.01), "°"),
            Part(has(5), "rolling_time", _U8, "s"),
            Part(has(6), "time", DATE_TIME),
        ),
    ),
    flagged(
        "indoor_bike_data",
        0x2AD2,
        Flags(2, 13),
        (
            Part(lacks(0), "speed", _KMH, "km/h"),
            Part(has(1), "average_speed", _KMH, "km/h"),
            Part(has(2), "cadence", _CADENCE, "rpm"),
            Part(has(3), "average_cadence", _CADENCE, "rpm"),
            Part(has(4), "total_distance", _U24, "m"),
            Part(has(5), "resistance_level", _S16),
            Part(has(6), "power", _S16, "W"),
            Part(has(7), "average_power", _S16, "W"),
            Part(has(8), "total_energy", number("uint16", unknown=0xFFFF), "kcal"),
            Part(has(8), "energy_per_hour", number("uint16", unknown=0xFFFF), "kcal"),
            Part(has(8), "energy_per_minute", number("uint8", unknown=0xFF), "kcal"),
            Part(has(9), "heart_rate", _U8, "bpm"),
            Part(has(10), "metabolic_equivalent", number("uint8", 0.1)),
            Part(has(11), "elapsed_time", _U16, "s"),
            Part(has(12), "remaining_time", _U16, "s"),
        ),
    ),
    _axes("magnetic_flux_density_2d", 0x2AA0, "xy"),
    _axes("magnetic_flux_density_3d", 0x2AA1, "xyz"),
)
