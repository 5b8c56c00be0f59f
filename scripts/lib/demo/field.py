"""The simulated field: the boiler's points, served by the Modbus adapter's own simulator."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from gateway import plugins
from gateway.adapter import Simulation
from gateway.config import load
from scripts.lib.demo.boiler import Boiler

LINK, DEVICE = "plc", "boiler"
STEP_S = 0.1
"""How often the boiler's physics moves on."""


@asynccontextmanager
async def boiler_running(config: Path, env: Mapping[str, str]) -> AsyncIterator[asyncio.Task[None]]:
    """The boiler of the site in `config`, alive: the task that lets time pass for it."""
    link = load(config, plugins.catalog(), {**os.environ, **env}).links[LINK]
    async with plugins.adapter(link.adapter).simulate(link.config, link.devices) as simulation:
        boiler = Boiler(random.gauss)
        await _begin(boiler, simulation)
        life = asyncio.create_task(_live(boiler, simulation), name="boiler")
        try:
            yield life
        finally:
            life.cancel()
            with suppress(asyncio.CancelledError):
                await life


async def _begin(boiler: Boiler, simulation: Simulation) -> None:
    await simulation.set(DEVICE, "setpoint", boiler.setpoint_c)
    await simulation.set(DEVICE, "pump", boiler.pump)
    await simulation.set(DEVICE, "mode", boiler.mode)
    await _show(boiler, simulation)


async def _live(boiler: Boiler, simulation: Simulation) -> None:
    while True:
        await asyncio.sleep(STEP_S)
        boiler.setpoint_c = float(await simulation.get(DEVICE, "setpoint") or 0)
        boiler.pump = bool(await simulation.get(DEVICE, "pump"))
        boiler.mode = str(await simulation.get(DEVICE, "mode"))
        boiler.run(STEP_S)
        await _show(boiler, simulation)


async def _show(boiler: Boiler, simulation: Simulation) -> None:
    await simulation.set(DEVICE, "flow_temp", boiler.sensor_c)
    await simulation.set(DEVICE, "too_hot", boiler.too_hot)
