"""Electricity, light, flow and plain numbers (GATT Specification Supplement). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.sig.characteristic import Characteristic, SigField, Undecodable
from adapters.ble.sig.forms import BOOLEAN, number, simple, text
from gateway.model import Value

_INPUTS = 8
"""Of `digital` that have a name here: two bytes of it."""
_INACTIVE, _ACTIVE = 0b00, 0b01
"""The other two stand for high impedance and "not known"."""


def _digital(data: bytes) -> Mapping[str, Value]:
    """Two bits for each input, the first in the lowest."""
    if not data:
        raise Undecodable("it has no byte")
    values: dict[str, Value] = {}
    for at, name in enumerate(_INPUT_NAMES[: 4 * len(data)]):
        state = data[at // 4] >> 2 * (at % 4) & 0b11
        if state in (_INACTIVE, _ACTIVE):
            values[name] = state == _ACTIVE
    return values


_INPUT_NAMES = tuple(f"digital_{number}" for number in range(1, _INPUTS + 1))

ELECTRIC: tuple[tuple[str, Characteristic], ...] = (
    simple("electric_current", 0x2AEE, number("uint16", 0.01, unknown=0xFFFF), "A"),
    simple("voltage", 0x2B18, number("uint16", 1 / 64, unknown=0xFFFF), "V"),
    simple("power", 0x2B05, number("uint24", 0.1, unknown=0xFFFFFF, high=1677721.3), "W"),
    simple("energy", 0x2AF2, number("uint24", unknown=0xFFFFFF), "kWh"),
    simple("illuminance", 0x2AFB, number("uint24", 0.01, unknown=0xFFFFFF), "lx"),
    simple("luminous_efficacy", 0x2AFC, number("uint16", 0.1, unknown=0xFFFF), "lm/W"),
    simple("luminous_flux", 0x2AFF, number("uint16", unknown=0xFFFF), "lm"),
    simple("luminous_intensity", 0x2B01, number("uint16", unknown=0xFFFF), "cd"),
    simple("correlated_color_temperature", 0x2AE9, number("uint16", unknown=0xFFFF, low=800), "K"),
    simple("perceived_lightness", 0x2B03, number("uint16")),
    simple("mass_flow", 0x2B02, number("uint16", unknown=0xFFFF), "g/s"),
    simple("volume_flow", 0x2B1B, number("uint16", 0.001, unknown=0xFFFF), "L/s"),
    simple("percentage_8", 0x2B04, number("uint8", 0.5, unknown=0xFF, high=100), "%"),
    simple("generic_level", 0x2AF9, number("uint16")),
    simple("boolean", 0x2AE2, BOOLEAN),
    simple("count_16", 0x2AEA, number("uint16", unknown=0xFFFF)),
    simple("count_24", 0x2AEB, number("uint24", unknown=0xFFFFFF)),
    simple("analog", 0x2A58, number("uint16")),
    ("digital", Characteristic(0x2A56, dict.fromkeys(_INPUT_NAMES, SigField("bool")), _digital)),
    simple("fixed_string_8", 0x2AF8, text(8)),
    simple("fixed_string_16", 0x2AF5, text(16)),
    simple("fixed_string_24", 0x2AF6, text(24)),
    simple("fixed_string_36", 0x2AF7, text(36)),
    simple("time_millisecond_24", 0x2B15, number("uint24", 0.001, unknown=0xFFFFFF), "s"),
    simple("time_second_8", 0x2B17, number("uint8", unknown=0xFF), "s"),
    simple("time_second_16", 0x2B16, number("uint16", unknown=0xFFFF), "s"),
    simple("time_decihour_8", 0x2B12, number("uint8", 0.1, unknown=0xFF, high=23.9), "h"),
    simple("time_hour_24", 0x2B14, number("uint24", unknown=0xFFFFFF), "h"),
)
