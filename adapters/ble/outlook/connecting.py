"""What connections are wanted for, and how they are kept. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from adapters.ble.config import BleDevice
from adapters.ble.gatt.crowd import connects
from adapters.ble.outlook.load import CONNECT_S
from gateway.adapter import Advice
from gateway.units import format_duration


def of_connections(name: str, device: BleDevice) -> Iterator[Advice]:
    """Of one device."""
    told = [point for group in device.parts(name).told for point in group.points]
    if told and device.gatt.connect == "on-demand":
        text = f"{told[0]} is told by notification, which needs the connection: write connect: kept, or leave it out"
        yield Advice("impossible", text, ("gatt", "connect"), name)
    elif not device.keeps:
        yield from _too_often(name, device)
    if "gatt" in device.model_fields_set and not connects(device):
        text = "nothing of this device is read or written over a connection: leave gatt out, or give a point its"
        yield Advice("other", f"{text} characteristic", ("gatt",), name)


def _too_often(name: str, device: BleDevice) -> Iterator[Advice]:
    """A connection that is wanted again before it is let go is never let go."""
    reads = device.parts(name).reads
    if not reads:
        return
    soonest = min(reads, key=lambda group: group.every_s)
    held_s = max(device.gatt.idle, CONNECT_S)
    if soonest.every_s > held_s:
        return
    why = f"to connect takes about {format_duration(CONNECT_S)}, and then it lasts {format_duration(device.gatt.idle)}"
    text = f"it is read each {format_duration(soonest.every_s)}: {why}, so it is never let go"
    own = device.points[soonest.points[0]].every is not None
    path = ("points", soonest.points[0], "every") if own else ("every",)
    yield Advice("other", f"{text} - write gatt: {{connect: kept}}, or lengthen `every`", path, name)
