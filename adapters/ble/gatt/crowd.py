"""Whether more devices are to be kept connected than a radio can hold. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.ble.config import BleDevice, BleLink


def connects(device: BleDevice) -> bool:
    """Whether anything is read, told or written over a connection."""
    commands = any(hasattr(command, "characteristic") for command in (device.commands or {}).values())
    return commands or any(point.attribute is not None for point in device.points.values())


def crowd(link: BleLink, devices: Mapping[str, BleDevice]) -> str | None:
    """A sentence for people; None where there is room for all, and one place more for those that come and go."""
    kept = [name for name, device in devices.items() if device.keeps and connects(device)]
    others = [name for name, device in devices.items() if not device.keeps and connects(device)]
    if len(kept) > link.connections:
        return (
            f"{len(kept)} devices are to be kept connected, and the radio has {link.connections} connections: they "
            "take turns, and what one notifies meanwhile is not heard. Raise `connections` if the radio can, use "
            "another radio, or read some with connect: on-demand"
        )
    if others and len(kept) == link.connections:
        return (
            f"all {link.connections} connections of the radio are kept, and {len(others)} other device"
            f"{'s want' if len(others) > 1 else ' wants'} one now and then: the kept ones are interrupted for that. "
            "Raise `connections` if the radio can, or use another radio"
        )
    return None
