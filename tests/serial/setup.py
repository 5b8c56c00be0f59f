"""Links and devices as data, made into what the adapter gets."""

from typing import Any

from adapters.serial.config import SerialDevice, SerialLink

SCALE = r"^(?P<status>ST|US),(?P<kind>GS|NT),\s*(?P<weight>[-+]?\d+\.\d+)\s*kg$"
"""Of a truck scale, as its manual has it."""


def link_to(port: str = "/dev/nowhere", **more: Any) -> SerialLink:
    """A link, with what the configuration would say of it."""
    return SerialLink.model_validate({"adapter": "serial", "port": port, **more})


def device(points: dict[str, Any], **more: Any) -> SerialDevice:
    """A device of it, likewise."""
    return SerialDevice.model_validate({"link": "line", "points": points, **more})
