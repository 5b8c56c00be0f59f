"""The simulated field: its devices, served by the adapters' own simulators, and what lives behind their points."""

from __future__ import annotations

import asyncio
import math
import os
import random
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from gateway import plugins
from gateway.adapter import NO_OPTIONS, Simulation
from gateway.config import load
from gateway.config.site import LinkSetup
from scripts.lib.demo.boiler import Boiler
from scripts.lib.demo.door import Door

PLC, BOILER = "plc", "boiler"
RADIO, DOOR = "radio", "door"
STEP_S = 0.1
"""How often physics moves on."""
CHARGE_PERCENT = 87
"""Of the lock's battery."""


class Field(NamedTuple):
    """`env`: what the daemon must know to reach it; `lives`: tasks that let time pass for it."""

    env: Mapping[str, str]
    lives: tuple[asyncio.Task[None], ...]


@asynccontextmanager
async def field_running(config: Path, env: Mapping[str, str]) -> AsyncIterator[Field]:
    """The devices of the site in `config`, alive."""
    links = load(config, plugins.catalog(), {**os.environ, **env}).links
    async with AsyncExitStack() as running:
        plc = await running.enter_async_context(_served(links[PLC]))
        radio = await running.enter_async_context(_served(links[RADIO], {"elsewhere": True, "moving": True}))
        lives = [
            await running.enter_async_context(_alive(_boiler(plc), BOILER)),
            await running.enter_async_context(_alive(_door(radio), DOOR)),
        ]
        yield Field({"FIELDGATE_DEMO_BUS": str(radio.settings["bus"])}, tuple(lives))


@asynccontextmanager
async def _served(link: LinkSetup, options: Mapping[str, Any] = NO_OPTIONS) -> AsyncIterator[Simulation]:
    async with plugins.adapter(link.adapter).simulate(link.config, link.devices, options) as simulation:
        yield simulation


@asynccontextmanager
async def _alive(work: Coroutine[Any, Any, None], name: str) -> AsyncIterator[asyncio.Task[None]]:
    life = asyncio.create_task(work, name=name)
    try:
        yield life
    finally:
        life.cancel()
        with suppress(asyncio.CancelledError):
            await life


async def _boiler(plc: Simulation) -> None:
    """What is written goes into the boiler, and what it does about it into its points."""
    boiler = Boiler(random.gauss)
    await plc.set(BOILER, "setpoint", boiler.setpoint_c)
    await plc.set(BOILER, "pump", boiler.pump)
    await plc.set(BOILER, "mode", boiler.mode)
    while True:
        await plc.set(BOILER, "flow_temp", boiler.sensor_c)
        await plc.set(BOILER, "too_hot", boiler.too_hot)
        await asyncio.sleep(STEP_S)
        boiler.setpoint_c = float(await plc.get(BOILER, "setpoint") or 0)
        boiler.pump = bool(await plc.get(BOILER, "pump"))
        boiler.mode = str(await plc.get(BOILER, "mode"))
        boiler.run(STEP_S)


async def _door(radio: Simulation) -> None:
    """Whoever says for how long it is to be open opens it; it counts the seconds down."""
    door = Door()
    await radio.set(DOOR, "battery", CHARGE_PERCENT)
    await radio.set(DOOR, "open_for", 0)
    while True:
        await radio.set(DOOR, "locked", door.locked)
        was_locked = door.locked
        while door.locked == was_locked:
            await asyncio.sleep(STEP_S)
            told_s = float(await radio.get(DOOR, "open_for") or 0)
            if told_s > math.ceil(door.open_for_s):
                door.open_for_s = told_s
            door.run(STEP_S)
            await radio.set(DOOR, "open_for", math.ceil(door.open_for_s))
