"""One unit on a wire, as it answers with its fault. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from adapters.modbus.config.link import NUMBERED, Transport
from adapters.modbus.simulator.answering import answer, refusal
from adapters.modbus.simulator.asked import Asked, Frames
from adapters.modbus.simulator.faults import WELL, Fault
from adapters.modbus.simulator.memory import Memory

BROADCAST = 0
"""On a line everybody obeys, and nobody answers (MODBUS over Serial Line V1.02, 2.1)."""
NO_RESPONSE = 0x0B
"""What a bridge says of a device that is not there (MODBUS Application Protocol V1.1b3, 7)."""
UNITS = 256


class Unit:
    """Its memory, and what is wrong with it now."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.fault: Fault = WELL


class Reaction(NamedTuple):
    """What goes on the wire, each with the seconds after the request; or the connection ends."""

    said: tuple[tuple[float, bytes], ...] = ()
    hangs_up: bool = False


def react(units: Mapping[int, Unit], transport: Transport, frames: Frames, asked: Asked) -> Reaction:
    """Whoever is asked does it, and answers as its fault lets it."""
    unit = units.get(asked.unit)
    if unit is None:
        return _for_nobody(units, transport, frames, asked)
    fault = unit.fault
    if fault.silent or fault.hangs_up:
        return Reaction(hangs_up=fault.hangs_up)
    body = refusal(asked.body[0], fault.exception) if fault.exception else answer(unit.memory, asked.body)
    speaker = (asked.unit + 1) % UNITS if fault.other_unit else asked.unit
    return Reaction(fault.said(frames.frame(asked, speaker, body)))


def _for_nobody(units: Mapping[int, Unit], transport: Transport, frames: Frames, asked: Asked) -> Reaction:
    if transport in NUMBERED:
        return Reaction(((0.0, frames.frame(asked, asked.unit, refusal(asked.body[0], NO_RESPONSE))),))
    if asked.unit == BROADCAST:
        for each in units.values():
            if not each.fault.silent:
                answer(each.memory, asked.body)
    return Reaction()
