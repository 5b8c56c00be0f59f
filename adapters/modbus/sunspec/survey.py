"""Looks what a SunSpec device has: when it is met, when it is back, and now and then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from adapters.modbus.config import ModbusDevice
from adapters.modbus.config.sunspec import Met
from adapters.modbus.polls.target import Target
from adapters.modbus.sunspec.asking import Asking, Silent
from adapters.modbus.sunspec.definitions import definition
from adapters.modbus.sunspec.gate import Gate
from adapters.modbus.sunspec.memory import Notes, Remembered
from adapters.modbus.sunspec.points import unmet
from adapters.modbus.sunspec.walk import BASES, MARK, Found, Look, NoSunSpec, digest, named
from adapters.modbus.wire.frames import Frames
from gateway.adapter import Rejected, check_commands, check_read_backs
from gateway.model import BadReason, Notice, Relearned

LOOK_S = 6 * 3600.0
"""How often all of it is looked at again: an inverter that was met at night has more points by noon."""

RETRY_MIN_S, RETRY_MAX_S = 5.0, 300.0
"""How soon a device that has shown nothing is looked at again, in doubling pauses."""


class Survey:
    """A `Pollable` (unit.py) without points. `run` until cancelled."""

    def __init__(self, name: str, device: ModbusDevice, notes: Notes, target: Target, gate: Gate) -> None:
        assert device.sunspec is not None, "only such a device can be asked"
        self.silent = False
        self.trouble: BadReason | None = None
        self._name = name
        self._device = device
        self._wanted = device.sunspec
        self._notes = notes
        self._unit, self._learned, self._emit, self._gate = target.unit, target.learned, target.emit, gate
        self._asking = Asking(target.unit_id, device.timeout, target.bus)
        self._bases = BASES if self._wanted.base is None else (self._wanted.base,)
        self._loop = asyncio.get_running_loop()
        self._back = asyncio.Event()
        self._was_away = False
        self._pause_s = RETRY_MIN_S
        self._told = ""
        self._layout = self._wanted.layout if isinstance(self._wanted, Met) else None
        self._is_believed = self._layout is not None
        if self._layout is None:  # all points that it has stand in the configuration
            gate.open()

    @property
    def smallest(self) -> Iterator[Frames]:
        """What shows whether it answers: the mark before its models."""
        known = self._notes.known
        bases = self._bases if known is None else (known.found.base,)
        return (self._asking.frames(Look(base, len(MARK))) for base in bases)

    def unit_failed(self) -> None:
        """Its polls tell that."""
        self._was_away = True
        self._close_gate()

    def unit_revived(self) -> None:
        """It may be another device now, if it was away."""
        self._asking.answers = True
        if self._was_away:
            self._was_away = False
            self._back.set()

    async def run(self) -> None:
        """Tell `Relearned` whenever it has other points than it is known with."""
        for text in self._misfits():
            self._emit(Notice(self._name, text))
        while True:
            self._back.clear()
            pause_s = await self._visit()
            with suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._back.wait()

    async def vouch(self) -> bool:
        """Before a command: whether the device has said that it is the one that is known, if that is in question.

        Raises Rejected if its points are not where they are known to be.
        """
        known = self._notes.known
        if self._gate.is_open or known is None:
            return True
        try:
            if self._has_moved(known.found) or not await self._is_same(known.found):
                raise Rejected("device-changed", "another device answers there: its points are being found anew")
        except Silent:
            return False
        return True

    def _misfits(self) -> Iterator[str]:
        """What the configuration says of points that the device, as far as it is known, does not have."""
        if self._notes.known is None:
            return
        if not self._is_believed:
            yield "what is remembered of it is not in use: it is looked at again"
            return
        yield from unmet(self._wanted, self._device.points)
        try:
            check_read_backs(self._device)
            check_commands(self._device)
        except ValueError as error:
            yield str(error)

    async def _visit(self) -> float:
        """Look, as far as need be; returns how long that is good for."""
        if self._unit.patience.failures:  # it is tried as dead devices are, and `unit_revived` says when it is back
            return RETRY_MAX_S
        try:
            known = self._notes.known
            rest_s = _rest_s(known) if known is not None and self._is_believed else 0.0
            if known is not None and rest_s > 0 and await self._is_same(known.found):
                self._is_well(known.found)
                return rest_s
            found = await self._asking.walk(self._bases, self._device.max_registers)
        except NoSunSpec as error:
            self._close_gate()
            self.silent, self.trouble = False, BadReason.DEVICE_ERROR
            self._tell(f"{error} - is it the right device, and does its manual say where they begin? (sunspec: base)")
            self._report()
        except Silent:
            if len(self._unit.polls) == 1:  # nobody else finds out
                self.silent, self.trouble = True, BadReason.TIMEOUT
                self._unit.missed()
        else:
            self._is_well(self._taken(known, found))
            return LOOK_S
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, RETRY_MAX_S)
        return pause_s

    def _is_well(self, found: Found) -> None:
        """It answers, and has what was found. Points that are elsewhere by now are not read until they are known."""
        self._pause_s = RETRY_MIN_S
        if self._unit.patience.failures:
            self._unit.answered()
        self.silent, self.trouble = False, None
        if self._has_moved(found):
            self.trouble = BadReason.DEVICE_ERROR
            self._gate.close()
        else:
            self._gate.open()
        self._report()

    def _close_gate(self) -> None:
        """Where points were found; those that stand in the configuration are not in question."""
        if self._layout is not None:
            self._gate.close()

    def _has_moved(self, found: Found) -> bool:
        return self._layout not in (None, found.layout)

    def _report(self) -> None:
        if not self._unit.patience.failures:
            self._unit.report(self._loop.time())

    def _taken(self, known: Remembered | None, found: Found) -> Found:
        """The same for the next time, with what else is known of it; told if it is news."""
        if known is not None:
            found = _united(known.found, found)
        self._notes.keep(found, time.time())
        self._is_believed = True
        self.trouble = None
        self._tell("; ".join(_told(found)))
        if self._has_moved(found):
            self._learned.forget()
        if known is None or known.found.models != found.models:
            self._emit(Relearned(self._name))
        return found

    def _tell(self, text: str) -> None:
        """Once, until there is something else to tell."""
        if text != self._told:
            self._told = text
            self._emit(Notice(self._name, text, mended=self.trouble is None))

    async def _is_same(self, found: Found) -> bool:
        """Whether it still says that it is the known device; who was silent is asked only once. Raises Silent."""
        is_silent = self._unit.patience.failures > 0
        words = await self._asking.words(Look(found.base, found.identified, optional=is_silent))
        return words is not None and digest(words) == found.identity


def _rest_s(known: Remembered) -> float:
    """How long it need not be looked at; a clock that was set back counts as time passed."""
    age_s = time.time() - known.looked_s
    return LOOK_S - age_s if age_s >= 0 else 0.0


def _united(known: Found, found: Found) -> Found:
    """A point that the same device had once is there: at night inverters call much not implemented."""
    if known.identity != found.identity or known.layout != found.layout:
        return found
    models = [
        msgspec.structs.replace(new, points=tuple(dict.fromkeys((*old.points, *new.points))))
        for old, new in zip(known.models, found.models, strict=True)
    ]
    return msgspec.structs.replace(found, models=tuple(models))


def _told(found: Found) -> Iterator[str]:
    models = ", ".join(f"{name} ({model.id})" for name, model, _ in named(found.models, definition))
    points = sum(len(model.points) for model in found.models)
    yield f"SunSpec models at {found.base}: {models or 'none that is known'}, with {points} points"
    if found.unknown:
        yield f"without a definition, and left out: {', '.join(map(str, found.unknown))}"
    yield from found.flaws
