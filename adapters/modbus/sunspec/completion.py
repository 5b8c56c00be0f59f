"""A device whose points were found is a device like any other."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.modbus.config import ModbusDevice, ModbusLink
from adapters.modbus.config.sunspec import Met
from adapters.modbus.sunspec.definitions import definition
from adapters.modbus.sunspec.memory import Notes
from adapters.modbus.sunspec.points import Frame, points_of
from adapters.modbus.sunspec.walk import Found
from gateway.adapter import Memory


def complete(link: ModbusLink, devices: Mapping[str, ModbusDevice], memory: Memory) -> dict[str, ModbusDevice]:
    """All devices of a link, each with the points that are known of it."""
    return {name: _completed(device, device.address_on(link), name, memory) for name, device in devices.items()}


def _completed(device: ModbusDevice, place: str, name: str, memory: Memory) -> ModbusDevice:
    if device.sunspec is None:
        return device
    known = Notes(memory[name], place, device.sunspec).known
    if known is None:
        return device
    try:
        return with_points(device, known.found)
    except ValueError:  # no device can be like that, so somebody else wrote it: the survey looks again
        return device


def with_points(device: ModbusDevice, found: Found) -> ModbusDevice:
    """What stands in the configuration goes before what was found under the same name."""
    assert device.sunspec is not None, "only of such devices is anything found"
    points = points_of(found.models, definition, device.sunspec, Frame(device.address_base, device.every))
    met = Met.model_construct(**dict(device.sunspec), layout=found.layout)
    return device.model_copy(update={"points": {**points, **device.points}, "sunspec": met})
