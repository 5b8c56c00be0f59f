"""Short ways to a configured adapter, and to what it is made of."""

from collections.abc import Mapping
from typing import Any

from adapters.modbus import ModbusAdapter
from adapters.modbus.blocks.plan import Cell
from adapters.modbus.config import ModbusDevice, ModbusLink, Table
from gateway.values import SCALARS, Order, Quantity


def link_to(port: int, **more: Any) -> ModbusLink:
    return ModbusLink.model_validate({"adapter": "modbus", "host": "127.0.0.1", "port": port, **more})


def device(points: Mapping[str, Mapping[str, Any]], **more: Any) -> ModbusDevice:
    """A device whose points are uint16 unless they say otherwise."""
    filled = {name: {"type": "uint16", **point} for name, point in points.items()}
    return ModbusDevice.model_validate({"link": "plc", "every": "50ms", "timeout": "500ms", **more, "points": filled})


def registers(*addresses: int, **more: Any) -> ModbusDevice:
    """A device with a uint16 point `r7` at register 7, and so on."""
    return device({f"r{address}": {"address": address} for address in addresses}, **more)


def adapter_to(
    port: int, devices: Mapping[str, ModbusDevice], memory: Mapping[str, dict[str, Any]] | None = None, **more: Any
) -> ModbusAdapter:
    kept = memory if memory is not None else {name: {} for name in devices}
    return ModbusAdapter(link_to(port, **more), devices, kept)


def cell(place: int, start: int, name: str, order: Order = "ABCD", table: Table = "holding") -> Cell:
    width = max(1, SCALARS[name].size // 2)
    return Cell(place, f"p{place}", table, start, start + width, Quantity(name), order)
