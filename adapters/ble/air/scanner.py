"""One long scan of a radio: begun, watched, begun anew when it has died, ended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from adapters.ble.air import seam
from adapters.ble.air.bluez import Bluez
from adapters.ble.air.choice import Found
from adapters.ble.air.ear import Ear
from adapters.ble.air.inbox import Inbox
from adapters.ble.air.patience import SURE_S, Patience
from adapters.ble.air.patterns import Pattern
from adapters.ble.air.start import Counters, Starter, stopped
from adapters.ble.config import BleLink
from gateway.adapter import AdapterError
from gateway.units import format_duration

LOOK_S = 1.0
RESET = "it needs a reset, or to be plugged in again"
LONG_LOST_S = 15.0
"""BlueZ says for so long that it does not scan, and we had it scan: the scan is dead."""


class Scanner:
    """The scan of one radio, while `run` does."""

    def __init__(self, link: BleLink, radio: Found, bluez: Bluez, inbox: Inbox, *, patterns: Sequence[Pattern]) -> None:
        self._is_passive = link.scan == "passive"
        self._changed = asyncio.Event()
        self.ear = Ear(inbox, is_passive=self._is_passive, changed=self._changed.set)
        self._starter = Starter(link, radio, bluez, patterns=patterns, hear=self.ear.hear)
        self._link = link
        self._radio = radio
        self._bluez = bluez
        self._inbox = inbox
        self._loop = asyncio.get_running_loop()
        self._patience = Patience(link.silence, hears_all=not self._is_passive)
        self._heard = 0
        self._remedies = 0
        self._dark_s: float | None = None
        self._pauses = 0
        self._paused_s = 0.0
        self._pause_began_s = 0.0
        self._is_on = False
        bluez.forgotten = self.ear.forget

    @property
    def counters(self) -> Counters:
        """What it has needed so far."""
        return self._starter.counters

    @property
    def deaf_s(self) -> float:
        """For so long nothing has been heard, though the scan was begun anew; 0 as long as that may be chance."""
        now_s = self._loop.time()
        has_had_its_time = self._patience.listened_s(now_s) > min(SURE_S, self._patience.limit_s)
        is_deaf = self._remedies > 1 or (self._remedies == 1 and has_had_its_time)
        return self._patience.silent_s(now_s) if is_deaf and self._inbox.heard == self._heard else 0.0

    async def run(self) -> None:
        """Until cancelled; AdapterError when no remedy is left."""
        while True:
            while not self._is_wanted:
                self._changed.clear()
                await self._changed.wait()
            self._is_on = True  # also while it begins: who has it pause waits for that
            try:
                await self._once()
            finally:
                self._is_on = False
                self._changed.set()

    async def _once(self) -> None:
        scan = await self._starter.begun()
        try:
            self._dark_s = None
            self._patience.begun(self._loop.time())
            await self._watch()
        finally:
            await stopped(scan)

    @asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Nothing is scanned for meanwhile."""
        if not self._pauses:
            self._pause_began_s = self._loop.time()
        self._pauses += 1
        self._changed.set()
        try:
            while self._is_on:
                self._changed.clear()
                await self._changed.wait()
            yield
        finally:
            self._pauses -= 1
            if not self._pauses:
                self._paused_s += self._loop.time() - self._pause_began_s
            self._changed.set()

    @property
    def paused_s(self) -> float:
        """How long it has been had to pause so far."""
        return self._paused_s + (self._loop.time() - self._pause_began_s if self._pauses else 0.0)

    @property
    def _is_wanted(self) -> bool:
        return not self._pauses and (self._link.scan != "off" or self.ear.seeks)

    async def _watch(self) -> None:
        """Until the scan must begin anew, or is not wanted any more; AdapterError when that has not helped."""
        while self._is_wanted:
            if self._is_dead():
                await self._remedy()
                return
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(min(LOOK_S, self._link.silence / 4)):
                    await self._changed.wait()

    def _is_dead(self) -> bool:
        """Nothing comes, for longer than that can be chance, though this scan has had its time."""
        now_s = self._loop.time()
        if not seam.is_connected():
            return True
        if self._inbox.heard != self._heard:
            self._patience.heard(self._inbox.heard - self._heard, now_s)
            self._heard, self._remedies, self._dark_s = self._inbox.heard, 0, None
            return False
        if self._bluez.is_discovering or self._is_passive:
            self._dark_s = None
        elif self._dark_s is None:
            self._dark_s = now_s
        elif now_s - self._dark_s > LONG_LOST_S:
            return True
        return self._patience.is_over(now_s, self._remedies)

    async def _remedy(self) -> None:
        """The next one: this scan ends, and the radio is switched off and on; AdapterError after the last."""
        self._remedies += 1
        if self._remedies == 1 or await self._bluez.connected():
            self.counters.rescans += 1
            return  # whoever is connected would be cut off, and shows that the radio is not all dead
        if self._remedies == 2 and await self._starter.power_cycled():
            return
        raise AdapterError(self._deaf_words())

    def _deaf_words(self) -> str:
        if self._dark_s is not None:
            return f"the radio {self._radio} does not scan, though it was begun anew: {RESET}"
        silent = format_duration(float(round(self._patience.silent_s(self._loop.time()))))
        return (
            f"the radio {self._radio} has heard nothing at all for {silent}, though its scan was begun anew: if its "
            f"devices are on, {RESET}"
        )
