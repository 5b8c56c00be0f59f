"""A walk over a device's models on a live bus, in turn with the polls."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.modbus.blocks.plan import Block, Cell
from adapters.modbus.bus.awaited import NotSent, Outcome, Probe
from adapters.modbus.bus.bus import Bus
from adapters.modbus.bus.unit import is_silence
from adapters.modbus.sunspec.definitions import definition
from adapters.modbus.sunspec.walk import Found, Look, NoSunSpec, walk
from adapters.modbus.wire.frames import Frames, read_frames
from gateway.values import Quantity

TRIES = 3
"""Of one request, if there is no reply: then the device has gone silent."""


class Silent(Exception):
    """The device does not answer, or not any more."""


class Asking:
    """Reads registers of one device. `answers`: whether it did lately, so that its silence may mean `not here`."""

    def __init__(self, unit_id: int, timeout_s: float, bus: Bus) -> None:
        self.answers = False
        self._unit_id = unit_id
        self._timeout_s = timeout_s
        self._bus = bus
        self._replies = 0

    def frames(self, look: Look) -> Frames:
        """All of the registers as one point, which nobody decodes."""
        cell = Cell(0, "", "holding", look.address, look.address + look.size, Quantity("uint16"), "ABCD")
        return read_frames(self._unit_id, Block((cell,)))

    async def words(self, look: Look) -> Sequence[int] | None:
        """None where the device refuses; raises Silent."""
        for _ in range(1 if look.optional else TRIES):
            outcome = await self._bus.look(Probe(self.frames(look), self._timeout_s))
            if isinstance(outcome, bytes) or _is_refusal(outcome):
                self._replies += 1
                self.answers = True
                return _words(outcome) if isinstance(outcome, bytes) else None
        raise Silent

    async def walk(self, bases: Sequence[int], most: int) -> Found:
        """What the device has; raises NoSunSpec, Silent."""
        steps = walk(bases, most, definition)
        look, before = next(steps), self._replies
        while True:
            try:
                look = steps.send(await self._words_if_any(look))
            except StopIteration as end:
                found: Found = end.value
                return found
            except NoSunSpec:
                if self._replies > before:
                    raise
                self.answers = False
                raise Silent from None

    async def _words_if_any(self, look: Look) -> Sequence[int] | None:
        """Likewise, and None where there may be nothing and a device that answers else is silent."""
        try:
            return await self.words(look)
        except Silent:
            if look.optional and self.answers:
                return None
            self.answers = False
            raise


def _words(data: bytes) -> tuple[int, ...]:
    return tuple(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))


def _is_refusal(outcome: Outcome) -> bool:
    return not isinstance(outcome, bytes | NotSent) and outcome.code is not None and not is_silence(outcome)
