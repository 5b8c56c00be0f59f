"""How pairing goes: who is asked what, and when it fails."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from adapters.ble.simulator.bluez.errors import authentication_canceled, authentication_failed

if TYPE_CHECKING:
    from adapters.ble.simulator.bluez.agent import Agent
    from adapters.ble.simulator.bluez.link import Link


async def paired(link: Link, agent: Agent | None, path: str, *, wanted: bool) -> None:
    """Return when keys are exchanged; Refusal. `wanted`: a client has asked for it, so its agent is not asked whether.

    Without an agent nothing can be paired with (BlueZ 5.66, device_confirm_passkey() of src/device.c).
    """
    if agent is None:
        raise authentication_failed()
    asking = asyncio.create_task(_agreed(agent, link.peripheral.passkey, path, wanted=wanted), name="pairing")
    try:
        await asyncio.wait({asking, link.lost}, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            raise authentication_canceled()
        asking.result()
    finally:
        asking.cancel()


async def _agreed(agent: Agent, passkey: str | None, path: str, *, wanted: bool) -> None:
    if passkey is None:
        if not wanted:
            await agent.authorize(path)
        return
    if not agent.types or await agent.passkey(path) != int(passkey):
        raise authentication_failed()
