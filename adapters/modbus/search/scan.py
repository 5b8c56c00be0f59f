"""Who answers on a link: each unit id is probed once, in turn with the polls and never two at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from adapters.modbus.blocks.plan import Block, Cell
from adapters.modbus.bus.awaited import NotSent, Outcome, Probe
from adapters.modbus.bus.bus import Bus
from adapters.modbus.bus.unit import is_silence
from adapters.modbus.config import ModbusDevice
from adapters.modbus.search.course import Course
from adapters.modbus.search.scope import MAX_UNIT, Scope
from adapters.modbus.wire.frames import read_frames
from gateway.adapter import Rejected, to_nobody
from gateway.model import BadReason
from gateway.values import Quantity

Found = dict[str, Any]
"""One unit that answers: `unit_id`; `device` where one is configured there; `answer`; `note`, for people."""

POLLED, REGISTERS, GARBLED = "polled", "registers", "garbled"
"""Answers: polls do already; the register asked for; what does not fit the question. Or `exception 2`, by its code."""

FIRST_REGISTER = Block((Cell(0, "", "holding", 0, 1, Quantity("uint16"), "ABCD"),))
"""What is read of each. Who has no such register says so, and that is an answer, too."""

NOBODY = range(248, MAX_UNIT)
"""Reserved unit ids, which no device has (MODBUS over Serial Line V1.02, 2.2). 255 is a TCP server's own."""


class Scan:
    """A look at one link; `names`: configured devices by unit id; `alive`: those ids that answer their polls.

    `course` is told how far it is; `about` says of what is found on which setting.
    """

    def __init__(
        self,
        bus: Bus,
        names: Mapping[int, str],
        alive: Iterable[int],
        course: Course | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        self._bus = bus
        self._names = names
        self._alive = frozenset(alive)
        self._loop = asyncio.get_running_loop()
        self._course = course or Course(to_nobody)
        self._about = about or {}

    async def over(self, scope: Scope) -> list[Found]:
        """What answers, by unit id; raises Rejected when the connection is lost meanwhile.

        When most do, a reserved id is tried, too. Strangers who answer as it does are told as one, with a note.
        """
        waits = 2 if self._bus.busy else 1
        self._course.each_s = waits * self._bus.wire.vain_s(scope.timeout_s)
        self._course.begin(len(scope.units), len(scope.units) * self._course.each_s)
        found = [each for unit in scope.units if (each := await self._look(unit, scope)) is not None]
        suspect = 1 < len(scope.units) < 2 * len(found) and any("device" not in each for each in found)
        nobody = next((unit for unit in NOBODY if unit not in scope.units and unit not in self._names), None)
        if not suspect or nobody is None or (answer := await self._probe(nobody, scope)) is None:
            return found
        return _as_one(found, nobody, answer)

    async def _look(self, unit: int, scope: Scope) -> Found | None:
        answer = POLLED if unit in self._alive else await self._probe(unit, scope)
        found = None if answer is None else self._found(unit, answer)
        self._course.step(f"unit {unit}", found)
        return found

    def _found(self, unit: int, answer: str) -> Found:
        named = {"device": self._names[unit]} if unit in self._names else {}
        return {"unit_id": unit, **self._about, **named, "answer": answer}

    async def _probe(self, unit: int, scope: Scope) -> str | None:
        """What a unit says, None if nothing. After a silence that others waited through, the bus is theirs as long."""
        began_s = self._loop.time()
        answer = _answer(await self._bus.look(Probe(read_frames(unit, FIRST_REGISTER), scope.timeout_s)))
        if answer is None and self._bus.busy:
            await asyncio.sleep(self._loop.time() - began_s)
        return answer


def names_of(devices: Mapping[str, ModbusDevice]) -> dict[int, str]:
    """Of devices by unit id; one id may have several."""
    names: dict[int, str] = {}
    for name, device in devices.items():
        names[device.unit_id] = ", ".join(filter(None, [names.get(device.unit_id), name]))
    return names


def _answer(outcome: Outcome) -> str | None:
    if isinstance(outcome, bytes):
        return REGISTERS
    if isinstance(outcome, NotSent) or outcome.reason is BadReason.NO_LINK:
        raise Rejected("no-link", "the connection was lost before the scan had ended")
    if is_silence(outcome):
        return None
    return GARBLED if outcome.code is None else f"exception {outcome.code}"


def _as_one(found: list[Found], nobody: int, answer: str) -> list[Found]:
    """Only the first of those strangers that answer as nobody does."""
    why = "it ignores unit ids, and this is one device; any id will do"
    if answer != REGISTERS:
        why = "either it ignores unit ids and this is one device, or it answers for devices that are not there"
    alike = [each for each in found if each["answer"] == answer and "device" not in each]
    if not alike:
        return found
    note = f"the server answers so under {len(alike)} ids and even under {nobody}, which no device has: {why}"
    return [each | {"note": note} if each is alike[0] else each for each in found if each not in alike[1:]]
