"""The objects of BTHome: what a number by each id is called, and what it means. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from gateway.model import Value

Mean = Callable[[int], Value | None]
"""The value of the number as it is sent; None: it means nothing that is known."""


class Object(NamedTuple):
    """`size` in bytes, little endian; `mean`: in the unit that the name has among `quantities`."""

    name: str
    size: int
    mean: Mean
    is_signed: bool = False
    is_event: bool = False


def _per(divisor: int, factor: int = 1) -> Mean:
    """In whole numbers and one division, which Python rounds correctly: 217 x 0.1 is 21.7."""
    return lambda number: number * factor / divisor


def _u(name: str, size: int, divisor: int = 1) -> Object:
    return Object(name, size, _per(divisor))


def _s(name: str, size: int, divisor: int = 1, factor: int = 1) -> Object:
    return Object(name, size, _per(divisor, factor), is_signed=True)


def _whole(name: str, size: int, *, is_signed: bool = False) -> Object:
    return Object(name, size, int, is_signed)


def _state(name: str) -> Object:
    """Other numbers than 0 and 1 are no state."""
    return Object(name, 1, {0: False, 1: True}.get)


def _kilograms(hundredths_of_pounds: int) -> Value:
    """A pound is 0.45359237 kg exactly (NIST Special Publication 811, B.8); a gram is less than its hundredth."""
    return round(hundredths_of_pounds * 45359237 / 10**10, 3)


def _moment(unix_s: int) -> Value:
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _version(size: int) -> Mean:
    return lambda number: ".".join(str(part) for part in number.to_bytes(size, "big"))


NOTHING = ""
"""What a button says that was not pressed, beside one that was."""

_BUTTON = {
    0x00: NOTHING,
    0x01: "press",
    0x02: "double_press",
    0x03: "triple_press",
    0x04: "long_press",
    0x05: "long_double_press",
    0x06: "long_triple_press",
    0x80: "hold_press",
    0x81: "hold_release",  # bthome-ble 3.25, event.py
    0xFE: "hold_press",  # Shelly BLU Button1 with firmware from before 0x80 was given to it
}
COMMANDS: Mapping[int, str] = MappingProxyType({0: "off", 1: "on", 2: "toggle", 3: "step_up", 4: "step_down"})
"""bthome-ble 3.25, event.py."""


def _steps(number: int) -> Value | None:
    """Events in the low byte, steps in the high one; left is negative."""
    event, steps = number & 0xFF, number >> 8
    return {0: 0, 1: -steps, 2: steps}.get(event)


OBJECTS: Mapping[int, Object] = MappingProxyType(
    {
        0x01: _whole("battery", 1),
        0x02: _s("temperature", 2, 100),
        0x03: _u("humidity", 2, 100),
        0x04: _u("pressure", 3, 100),
        0x05: _u("illuminance", 3, 100),
        0x06: _u("mass", 2, 100),
        0x07: Object("mass", 2, _kilograms),
        0x08: _s("dew_point", 2, 100),
        0x09: _whole("count", 1),
        0x0A: _u("energy", 3, 1000),
        0x0B: _u("power", 3, 100),
        0x0C: _u("voltage", 2, 1000),
        0x0D: _u("pm25", 2),
        0x0E: _u("pm10", 2),
        0x0F: _state("generic_boolean"),
        0x10: _state("power_on"),
        0x11: _state("opening"),
        0x12: _whole("co2", 2),
        0x13: _u("tvoc", 2),
        0x14: _u("moisture", 2, 100),
        0x15: _state("battery_low"),
        0x16: _state("battery_charging"),
        0x17: _state("carbon_monoxide"),
        0x18: _state("cold"),
        0x19: _state("connectivity"),
        0x1A: _state("door"),
        0x1B: _state("garage_door"),
        0x1C: _state("gas_detected"),
        0x1D: _state("heat"),
        0x1E: _state("light"),
        0x1F: _state("unlocked"),
        0x20: _state("moisture_detected"),
        0x21: _state("motion"),
        0x22: _state("moving"),
        0x23: _state("occupancy"),
        0x24: _state("plug"),
        0x25: _state("presence"),
        0x26: _state("problem"),
        0x27: _state("running"),
        0x28: _state("safety"),
        0x29: _state("smoke"),
        0x2A: _state("sound"),
        0x2B: _state("tamper"),
        0x2C: _state("vibration"),
        0x2D: _state("window"),
        0x2E: _u("humidity", 1),
        0x2F: _u("moisture", 1),
        0x3A: Object("button", 1, _BUTTON.get, is_event=True),
        0x3C: Object("dimmer", 2, _steps, is_event=True),
        0x3D: _whole("count", 2),
        0x3E: _whole("count", 4),
        0x3F: _s("rotation", 2, 10),
        0x40: _u("distance", 2, 1000),
        0x41: _u("distance", 2, 10),
        0x42: _u("duration", 3, 1000),
        0x43: _u("current", 2, 1000),
        0x44: _u("speed", 2, 100),
        0x45: _s("temperature", 2, 10),
        0x46: _u("uv_index", 1, 10),
        0x47: _u("volume", 2, 10),
        0x48: _u("volume", 2, 1000),
        0x49: _u("volume_flow_rate", 2, 1000),
        0x4A: _u("voltage", 2, 10),
        0x4B: _u("gas", 3, 1000),
        0x4C: _u("gas", 4, 1000),
        0x4D: _u("energy", 4, 1000),
        0x4E: _u("volume", 4, 1000),
        0x4F: _u("water", 4, 1000),
        0x50: Object("timestamp", 4, _moment),
        0x51: _u("acceleration", 2, 1000),
        0x52: _u("gyroscope", 2, 1000),
        0x55: _u("volume_storage", 4, 1000),
        0x56: _u("conductivity", 2),
        0x57: _s("temperature", 1),
        0x58: _s("temperature", 1, 100, factor=35),
        0x59: _whole("count", 1, is_signed=True),
        0x5A: _whole("count", 2, is_signed=True),
        0x5B: _whole("count", 4, is_signed=True),
        0x5C: _s("power", 4, 100),
        0x5D: _s("current", 2, 1000),
        0x5E: _u("direction", 2, 100),
        0x5F: _u("precipitation", 2, 10),
        0x60: _whole("channel", 1),
        0x61: _u("rotational_speed", 2),
        0x62: _s("speed", 4, 10**6),
        0x63: _s("acceleration", 4, 10**6),
        0x64: _whole("light_level", 1),
        0x65: _whole("settings_revision", 1),
        0xF0: _whole("device_type", 2),
        0xF1: Object("firmware", 4, _version(4)),
        0xF2: Object("firmware", 3, _version(3)),
    }
)
"""BTHome v2, "Sensor data", "Binary sensor data", "Events", "Device information" (bthome.io/format); from 0x5F to 0x65
as its reference implementation has them (bthome-ble 3.25, const.py)."""

PACKET, COMMAND, TEXT, RAW = 0x00, 0x3B, 0x53, 0x54
"""The packet's id, and objects that say their own length (bthome.io/format, "Packet id", "Text and Raw sensors")."""
