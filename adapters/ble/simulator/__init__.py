"""BlueZ and the devices of a link, served on a bus of our own: for tests, demonstrations and dry runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from adapters.ble.config import BleDevice, BleLink
from adapters.ble.simulator.faults import Fault, fault_of
from adapters.ble.simulator.options import Options
from adapters.ble.simulator.simulation import Simulation, simulation

__all__ = ["Fault", "Simulation", "fault_of", "simulate"]


def simulate(
    link: BleLink, devices: Mapping[str, BleDevice], options: Mapping[str, Any]
) -> AbstractAsyncContextManager[Simulation]:
    """Serve these devices for as long as the context lasts. Raises Rejected, OSError."""
    return simulation(link, devices, Options.parsed(options))
