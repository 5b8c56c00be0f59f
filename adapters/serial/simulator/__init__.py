"""The devices of a link, served as if they were there: for tests, demonstrations and dry runs."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.simulator.faults import Fault, fault_of
from adapters.serial.simulator.place import Options
from adapters.serial.simulator.playback import Playback, playback
from adapters.serial.simulator.simulation import Simulation, simulation

__all__ = ["Fault", "Playback", "Simulation", "fault_of", "simulate"]


def simulate(
    link: SerialLink, devices: Mapping[str, SerialDevice], options: Mapping[str, Any]
) -> AbstractAsyncContextManager[Simulation | Playback]:
    """Serve these devices, or what was captured of them, for as long as the context lasts. Raises Rejected, OSError."""
    chosen = Options.parsed(options)
    return playback(link, chosen) if chosen.replay is not None else simulation(link, devices, chosen)
