"""The hub and device that this gateway was assigned, asked for once and kept."""

from __future__ import annotations

import time

import msgspec
from msgspec import Struct

from gateway.endpoints.azure_iot_hub.dps.registration import Registration
from gateway.endpoints.azure_iot_hub.dps.settings import DpsConfig
from gateway.endpoints.contract import Memory
from gateway.endpoints.reach import ReachConfig

KEPT_AS = "assignment"
"""In the endpoint's memory."""


class Assignment(Struct, frozen=True):
    """Where to connect and as whom; when that was told, on the system's clock, and to which registration."""

    host: str
    device_id: str
    at_s: float
    id_scope: str
    registration_id: str


def remembered(config: DpsConfig, memory: Memory) -> Assignment | None:
    """What was assigned to just this registration, if anything was."""
    try:
        kept = msgspec.convert(memory.get(KEPT_AS), Assignment)
    except msgspec.ValidationError:
        return None
    is_ours = (kept.id_scope, kept.registration_id) == (config.id_scope, config.registration_id)
    return kept if is_ours else None


async def assigned(
    config: DpsConfig, reach: ReachConfig, memory: Memory, *, anew: bool = False, websocket: bool = False
) -> Assignment:
    """From memory, or of the service: each registration is billed. `anew`: the hub does not know us any more.

    Raises EndpointError, and PermanentError where somebody must act.
    """
    if not anew and (kept := remembered(config, memory)) is not None:
        return kept
    told = await Registration(config, reach, websocket=websocket).run()
    assignment = Assignment(told.host, told.device_id, time.time(), config.id_scope, config.registration_id)
    memory[KEPT_AS] = msgspec.to_builtins(assignment)
    return assignment
