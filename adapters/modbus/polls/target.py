"""Whom a poll asks."""

from __future__ import annotations

from typing import NamedTuple

from adapters.modbus.blocks.learn import Learned
from adapters.modbus.blocks.plan import Limits
from adapters.modbus.bus.bus import Bus
from adapters.modbus.bus.unit import Unit
from gateway.adapter import Emit


class Target(NamedTuple):
    """The device that is polled, and what surrounds it."""

    unit_id: int
    limits: Limits
    learned: Learned
    unit: Unit
    bus: Bus
    emit: Emit
    address_base: int = 0
