"""What advertisements tell, by the names under which every decoder tells it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from gateway.model import Kind


class Quantity(NamedTuple):
    """`is_event`: it happened once, and is not so any more: a button that was pressed."""

    kind: Kind
    unit: str | None = None
    is_event: bool = False


RSSI, TX_POWER, NAME, LOST, PRESENT = "rssi", "tx_power", "name", "lost", "present"
"""What every device has, whatever its decoder.

`lost`: packets that its counter says were sent and that were never heard, since the radio began: it begins anew with
the gateway, and when the radio was lost; `present`: whether it was heard within `stale_after`.
"""

OF_ANY: Mapping[str, Quantity] = MappingProxyType(
    {
        RSSI: Quantity("int", "dBm"),
        TX_POWER: Quantity("int", "dBm"),
        NAME: Quantity("text"),
        LOST: Quantity("int"),
        PRESENT: Quantity("bool"),
    }
)

_MEASURED = {
    "acceleration": Quantity("float", "m/s²"),
    "acceleration_x": Quantity("float", "m/s²"),
    "acceleration_y": Quantity("float", "m/s²"),
    "acceleration_z": Quantity("float", "m/s²"),
    "battery": Quantity("int", "%"),
    "co2": Quantity("int", "ppm"),
    "conductivity": Quantity("float", "µS/cm"),
    "current": Quantity("float", "A"),
    "dew_point": Quantity("float", "°C"),
    "direction": Quantity("float", "°"),
    "distance": Quantity("float", "m"),
    "duration": Quantity("float", "s"),
    "energy": Quantity("float", "kWh"),
    "gas": Quantity("float", "m³"),
    "gyroscope": Quantity("float", "°/s"),
    "humidity": Quantity("float", "%"),
    "illuminance": Quantity("float", "lx"),
    "mass": Quantity("float", "kg"),
    "moisture": Quantity("float", "%"),
    "pm1": Quantity("float", "µg/m³"),
    "pm25": Quantity("float", "µg/m³"),
    "pm4": Quantity("float", "µg/m³"),
    "pm10": Quantity("float", "µg/m³"),
    "power": Quantity("float", "W"),
    "precipitation": Quantity("float", "mm"),
    "pressure": Quantity("float", "hPa"),
    "rotation": Quantity("float", "°"),
    "rotational_speed": Quantity("float", "rpm"),
    "speed": Quantity("float", "m/s"),
    "temperature": Quantity("float", "°C"),
    "tvoc": Quantity("float", "µg/m³"),
    "uptime": Quantity("float", "s"),
    "uv_index": Quantity("float"),
    "voltage": Quantity("float", "V"),
    "volume": Quantity("float", "L"),
    "volume_flow_rate": Quantity("float", "m³/h"),
    "volume_storage": Quantity("float", "L"),
    "water": Quantity("float", "L"),
}
"""`gas` and `water` are what a meter counts; `volume_storage` is what is in a tank."""

_COUNTED = {
    "advertisements": Quantity("int"),
    "channel": Quantity("int"),
    "count": Quantity("int"),
    "light_level": Quantity("int"),
    "movements": Quantity("int"),
    "nox_index": Quantity("int"),
    "settings_revision": Quantity("int"),
    "voc_index": Quantity("int"),
}
"""`movements`: of Ruuvi, since its start, modulo 255; `voc_index`, `nox_index`: 100 and 1 are what is usual there."""

_STATES = {
    "battery_charging": Quantity("bool"),
    "battery_low": Quantity("bool"),
    "calibrating": Quantity("bool"),
    "carbon_monoxide": Quantity("bool"),
    "cold": Quantity("bool"),
    "connectivity": Quantity("bool"),
    "door": Quantity("bool"),
    "garage_door": Quantity("bool"),
    "gas_detected": Quantity("bool"),
    "generic_boolean": Quantity("bool"),
    "heat": Quantity("bool"),
    "input": Quantity("bool"),
    "light": Quantity("bool"),
    "moisture_detected": Quantity("bool"),
    "motion": Quantity("bool"),
    "moving": Quantity("bool"),
    "occupancy": Quantity("bool"),
    "opening": Quantity("bool"),
    "output": Quantity("bool"),
    "plug": Quantity("bool"),
    "power_on": Quantity("bool"),
    "presence": Quantity("bool"),
    "problem": Quantity("bool"),
    "running": Quantity("bool"),
    "safety": Quantity("bool"),
    "smoke": Quantity("bool"),
    "sound": Quantity("bool"),
    "tamper": Quantity("bool"),
    "unlocked": Quantity("bool"),
    "vibration": Quantity("bool"),
    "window": Quantity("bool"),
}
"""True: detected, on, open, plugged in, at home, safe. `input`, `output`: a pin's level."""

_TOLD = {
    "device_type": Quantity("int"),
    "firmware": Quantity("text"),
    "raw": Quantity("text"),
    "text": Quantity("text"),
    "timestamp": Quantity("text"),
}
"""`raw`: bytes in hex; `timestamp`: UTC, as in 2023-05-14T19:41:17Z."""

_BEACONS = {
    "instance": Quantity("text"),
    "major": Quantity("int"),
    "measured_power": Quantity("int", "dBm"),
    "minor": Quantity("int"),
    "namespace": Quantity("text"),
    "url": Quantity("text"),
    "uuid": Quantity("text"),
}
"""`measured_power`: how strong it is heard at 1 m."""

_EVENTS = {
    "button": Quantity("text", is_event=True),
    "command": Quantity("text", is_event=True),
    "command_args": Quantity("text", is_event=True),
    "dimmer": Quantity("int", is_event=True),
}
"""`dimmer`: steps, to the left negative; `command_args`: what comes with the command, in hex."""

_OF_MAKERS = {
    "air_quality_index": Quantity("int"),
    "armed": Quantity("bool"),
    "button_left": Quantity("text", is_event=True),
    "button_middle": Quantity("text", is_event=True),
    "button_right": Quantity("text", is_event=True),
    "consumable": Quantity("int", "%"),
    "door_action": Quantity("text", is_event=True),
    "dropped": Quantity("bool"),
    "fingerprint": Quantity("text", is_event=True),
    "formaldehyde": Quantity("float", "mg/m³"),
    "formaldehyde_ppb": Quantity("float", "ppb"),
    "gravity": Quantity("float"),
    "heart_rate": Quantity("int", "bpm"),
    "idle_time": Quantity("int", "s"),
    "impact": Quantity("bool"),
    "impedance": Quantity("float", "Ω"),
    "lock_action": Quantity("text", is_event=True),
    "lock_error": Quantity("text", is_event=True),
    "lock_key": Quantity("text", is_event=True),
    "lock_method": Quantity("text", is_event=True),
    "opening_status": Quantity("text"),
    "sleeping": Quantity("bool"),
    "snoring": Quantity("bool"),
    "temperature_alarm": Quantity("float", "°C"),
    "tilted": Quantity("bool"),
    "voc_ppb": Quantity("float", "ppb"),
}
"""What only some makers tell. `gravity`: of a fluid, water being 1; `idle_time`: since something last moved."""

DECODED: Mapping[str, Quantity] = MappingProxyType(
    {**_MEASURED, **_COUNTED, **_STATES, **_TOLD, **_BEACONS, **_EVENTS, **_OF_MAKERS}
)
"""Units are always these: decoders convert. A device with several of a kind has `temperature`, `temperature_2`, ..."""

_ORDINAL = re.compile(r"(.+)_([2-9]|[1-9]\d)")


def quantity_of(name: str) -> Quantity | None:
    """What is known of a name, also of the second and third of its kind."""
    found = OF_ANY.get(name) or DECODED.get(name)
    if found is None and (counted := _ORDINAL.fullmatch(name)):
        return DECODED.get(counted[1])
    return found
