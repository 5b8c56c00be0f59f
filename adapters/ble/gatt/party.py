"""One device that is connected to: when, for how long, and what is done then."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from functools import partial

from adapters.ble.config import Attribute, BleDevice
from adapters.ble.gatt.commands import Commands
from adapters.ble.gatt.connecting import DOUBTFUL_S, Connecting
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.group import Group
from adapters.ble.gatt.job import NO_LINK, Job
from adapters.ble.gatt.reads import Reads
from adapters.ble.gatt.room import Room
from adapters.ble.gatt.slots import Seat
from adapters.ble.gatt.standing import Standing
from adapters.ble.gatt.telling import Telling
from adapters.ble.gatt.trouble import Trouble, Why
from gateway.adapter import Emit
from gateway.grid import Slot, Ticket, shared_grid
from gateway.line import Load, Patience, Turns
from gateway.model import BadReason, DeviceState, Notice, Sample

LOOK_S = 1.0
SEEK_S = 30.0
"""For a device to be heard before it is called out of range: battery devices advertise each second to each ten."""
HURRY_S = 5.0
"""A command goes before who has begun to wait so much earlier."""
REMIND_S = 5.0
"""While a device is offline its points are reported bad so often, lest they turn stale (after 10 s)."""
STEADY_S = 10.0
"""A connection that lasts no longer, and is not ended by us, is as good as none."""
LOCKED_S = 300.0
"""Between tries to pair with what does not let itself be: devices lock themselves for longer each time."""


class GattParty:
    """A device's connections, one after the other, while `run` does."""

    def __init__(self, name: str, device: BleDevice, room: Room, emit: Emit) -> None:
        self.name = name
        self.device = device
        self.address = device.address
        """Where it is now; None as long as nobody knows, where it changes its address."""
        self._room = room
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        parts = device.parts(name)
        self._standing = Standing(name, emit)
        self._troubles: dict[object, tuple[str, str | None]] = {}
        self._reads = Reads([Group(group, device.points) for group in parts.reads], emit, self._take)
        rate = device.gatt.max_notifications
        self._tellings = [Telling(name, Group(each, device.points), rate, emit, self._take) for each in parts.told]
        self._attributes = dict.fromkeys(
            [*self._reads.attributes, *(telling.attribute for telling in self._tellings)]
        )
        self._connecting = Connecting(name, device.gatt, room)
        self._patience = Patience()
        self._turns = Turns(room.link.poll_share)
        self._jobs: deque[Job] = deque()
        self._news = asyncio.Event()
        self._tickets: list[Ticket] = []
        self._defect: Exception | None = None
        self._last_s = -SEEK_S
        self._left_s = 0.0
        self._trouble: Trouble | None = None
        self._reminded_s = 0.0
        self._refreshed = False
        self._misses: dict[Attribute, Trouble] = {}
        self._drops = self._connects = 0

    async def run(self) -> None:
        """Connect when there is something to do, until cancelled."""
        grid = shared_grid()
        for group in self._reads.groups:
            slot = Slot(group.group.every_s, self.device.phase)
            self._tickets.append(grid.subscribe(slot, partial(self._due, group), self._fail))
            self._reads.wake(group)
        self._tickets.append(grid.subscribe(Slot(LOOK_S), self._look, self._fail))
        if self._room.crowd is not None and self.device.keeps:
            self._emit(Notice(self.name, self._room.crowd))
        try:
            while True:
                await self._wanted()
                await self._attempt()
        finally:
            self._stop()

    def commands(self, deadline_s: float) -> Commands:
        """What can be done with it until then, on the loop's clock."""
        return Commands(self, deadline_s)

    def add(self, job: Job) -> None:
        """To be done before its polls."""
        self._jobs.append(job)
        self._news.set()

    def withdraw(self, job: Job) -> bool:
        """Take it back; False if it does not wait any more."""
        if job not in self._jobs:
            return False
        self._jobs.remove(job)
        return True

    @property
    def trouble(self) -> Trouble | None:
        """Why it can't be had just now."""
        return self._trouble

    @property
    def tellings(self) -> list[Telling]:
        """What it tells by itself."""
        return self._tellings

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened so far; `skipped` are reads whose turn came before the last one had ended."""
        return {
            "connects": self._connects,
            "connect_tries": self._connecting.tries,
            "dropped": self._drops,
            "notified": sum(telling.told for telling in self._tellings),
            "left_out": sum(telling.left_out for telling in self._tellings),
            "skipped": sum(ticket.skipped for ticket in self._tickets),
        }

    async def _wanted(self) -> None:
        """Until there is something to do, and it may be tried."""
        while not (self._jobs or (self._has_work and self._patience.ready(self._loop.time()))):
            self._news.clear()
            await self._news.wait()
        if self._defect is not None:
            raise self._defect

    @property
    def _has_work(self) -> bool:
        return self._defect is not None or self.device.keeps or self._reads.are_due

    async def _attempt(self) -> None:
        """One visit to it, and what is to be said where that fails."""
        begun_s = self._loop.time()
        try:
            await self._visit()
        except Trouble as trouble:
            self._failed(trouble, self._loop.time() - begun_s)

    async def _visit(self) -> None:
        address = self.address
        found = None if address is None else await self._room.found(address, self._last_s, SEEK_S)
        if found is None:
            if address is None:
                await asyncio.sleep(LOOK_S)
            raise Trouble(Why.OUT_OF_RANGE, f"it has not been heard for {SEEK_S:g} s: is it on, and near enough?")
        dead = self._patience.dead
        after_s = -HURRY_S if self._jobs else DOUBTFUL_S if self._patience.failures else 0.0
        async with self._room.slots.seat(self.name, self._news.set, kept=self.device.keeps, after_s=after_s) as seat:
            attempts = 1 if dead and not self._jobs else self.device.gatt.attempts
            connection = await self._connecting.connected(found, attempts=attempts, after_s=after_s)
            try:
                self._connects += 1
                self._misses = connection.missing(self._attributes)
                if self._misses and not self._refreshed and not self.device.gatt.pairs:
                    self._refreshed = True
                    await connection.close()
                    await self._room.radio.forget(found)
                    again = await self._connecting.connected(found, attempts=attempts)
                    connection = again
                    self._misses = connection.missing(self._attributes)
                await self._serve(connection, seat)
            finally:
                self._last_s = self._loop.time()
                await connection.close()
                for telling in self._tellings:
                    telling.close()
