"""What is measured of air, weather and places (GATT Specification Supplement). Pure."""

from __future__ import annotations

from adapters.ble.sig.characteristic import Characteristic
from adapters.ble.sig.forms import labels, number, simple
from adapters.ble.sig.medical import SFLOAT, decimal

_MICROGRAMS = decimal(SFLOAT, 1e9, decimals=4)
"""From the kilograms of the standard; per m³."""
_ANGLE = number("uint16", 0.01, high=359.99)
_SPEED = number("uint16", 0.01, unknown=0xFFFF)
_DUST = "µg/m³"

ENVIRONMENT: tuple[tuple[str, Characteristic], ...] = (
    simple("temperature", 0x2A6E, number("int16", 0.01, unknown=-0x8000, low=-273.15), "°C"),
    simple("temperature_8", 0x2B0D, number("int8", 0.5, unknown=0x7F), "°C"),
    simple("humidity", 0x2A6F, number("uint16", 0.01, unknown=0xFFFF, high=100), "%"),
    simple("pressure", 0x2A6D, number("uint32", 0.1), "Pa"),
    simple("dew_point", 0x2A7B, number("int8"), "°C"),
    simple("heat_index", 0x2A7A, number("int8"), "°C"),
    simple("wind_chill", 0x2A79, number("int8"), "°C"),
    simple("elevation", 0x2A6C, number("int24", 0.01), "m"),
    simple("true_wind_speed", 0x2A70, _SPEED, "m/s"),
    simple("true_wind_direction", 0x2A71, _ANGLE, "°"),
    simple("apparent_wind_speed", 0x2A72, _SPEED, "m/s"),
    simple("apparent_wind_direction", 0x2A73, _ANGLE, "°"),
    simple("gust_factor", 0x2A74, number("uint8", 0.1)),
    simple("pollen_concentration", 0x2A75, number("uint24"), "1/m³"),
    simple("uv_index", 0x2A76, number("uint8")),
    simple("irradiance", 0x2A77, number("uint16", 0.1), "W/m²"),
    simple("rainfall", 0x2A78, number("uint16"), "mm"),
    simple("magnetic_declination", 0x2A2C, _ANGLE, "°"),
    simple(
        "barometric_pressure_trend",
        0x2AA3,
        labels(
            "continuously-falling",
            "continuously-rising",
            "falling-then-steady",
            "rising-then-steady",
            "falling-before-lesser-rise",
            "falling-before-greater-rise",
            "rising-before-greater-fall",
            "rising-before-lesser-fall",
            "steady",
            first=1,
            unknown=0,
        ),
    ),
    simple("co2_concentration", 0x2B8C, number("uint16", unknown=0xFFFF), "ppm"),
    simple("voc_concentration", 0x2BE7, number("uint16", unknown=0xFFFF), "ppb"),
    simple("ammonia_concentration", 0x2BCF, _MICROGRAMS, _DUST),
    simple("carbon_monoxide_concentration", 0x2BD0, _MICROGRAMS, _DUST),
    simple("methane_concentration", 0x2BD1, decimal(SFLOAT), "ppb"),
    simple("nitrogen_dioxide_concentration", 0x2BD2, _MICROGRAMS, _DUST),
    simple("non_methane_volatile_organic_compounds_concentration", 0x2BD3, _MICROGRAMS, _DUST),
    simple("ozone_concentration", 0x2BD4, _MICROGRAMS, _DUST),
    simple("particulate_matter_pm1_concentration", 0x2BD5, _MICROGRAMS, _DUST),
    simple("particulate_matter_pm25_concentration", 0x2BD6, _MICROGRAMS, _DUST),
    simple("particulate_matter_pm10_concentration", 0x2BD7, _MICROGRAMS, _DUST),
    simple("sulfur_dioxide_concentration", 0x2BD8, _MICROGRAMS, _DUST),
    simple("sulfur_hexafluoride_concentration", 0x2BD9, _MICROGRAMS, _DUST),
    simple("noise", 0x2BE4, number("uint8", unknown=0xFF), "dB"),
)
