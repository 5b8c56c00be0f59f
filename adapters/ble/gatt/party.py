"""One device that is connected to: when, for how long, and what is done then."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

from adapters.ble.config import BleDevice
from adapters.ble.gatt.commands import Commands
from adapters.ble.gatt.connection import Connection
from adapters.ble.gatt.group import Group
from adapters.ble.gatt.job import Job
from adapters.ble.gatt.jobs import Jobs
from adapters.ble.gatt.reads import Reads
from adapters.ble.gatt.room import Room
from adapters.ble.gatt.silence import Silence
from adapters.ble.gatt.slots import Seat
from adapters.ble.gatt.standing import Standing
from adapters.ble.gatt.tellings import Tellings
from adapters.ble.gatt.trouble import Trouble, Why
from adapters.ble.gatt.visits import FIND_S, UNFOUND, Haste, Visits
from adapters.ble.gatt.words import PAIR_ANEW
from adapters.ble.items import Tell
from gateway.grid import Slot, Ticket, shared_grid
from gateway.line import Patience
from gateway.model import BadReason, Notice, PointGroup

LOOK_S = 1.0
STEADY_S = 10.0
"""A connection that lasts no longer, and is not ended by us, is as good as none."""
BUSY_TURN_S = 10.0
"""Who is never idle leaves its slot to others after so long."""
LOCKED_S = 300.0
"""Between tries to pair with what does not let itself be: devices lock themselves for longer each time."""


class GattParty:
    """A device's connections, one after the other, while `run` does."""

    def __init__(self, name: str, device: BleDevice, room: Room, emit: Tell) -> None:
        self.name = name
        self.device = device
        self.address = device.address
        """Where it is now; None as long as nobody knows, where it changes its address."""
        self._room = room
        self._emit = emit
        self._loop = asyncio.get_running_loop()
        parts = device.parts(name)
        self._standing = Standing(name, emit)
        self._reads = Reads([self._group(each) for each in parts.reads], emit, self._standing.took)
        self.tellings = Tellings(
            name, [self._group(each) for each in parts.told], device.gatt.max_notifications, emit, self._standing
        )
        self._attributes = tuple(dict.fromkeys((*self._reads.attributes, *self.tellings.attributes)))
        self.silence = Silence()
        self._visits = Visits(name, device, self._attributes, room)
        self._patience = Patience()
        self._jobs = Jobs(room.link.poll_share, lambda: self._reads.are_due)
        self._news = asyncio.Event()
        self._tickets: list[Ticket] = []
        self._defect: Exception | None = None
        self._locked_s = 0.0
        self._drops = 0
        self.trouble: Trouble | None = None
        """Why it can't be had just now."""

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
                await self._something_to_do()
                await self._attempt()
        finally:
            self._stop()

    def commands(self, deadline_s: float) -> Commands:
        """What can be done with it until then, on the loop's clock."""
        return Commands(self, deadline_s)

    def moved(self, address: str) -> None:
        """It is there now, by its identity key."""
        self.address = address
        self._news.set()

    def add(self, job: Job) -> None:
        """To be done before its polls, as far as these have their share."""
        self._jobs.add(job)
        self._visits.hurry()
        self._news.set()

    def withdraw(self, job: Job) -> bool:
        """Take it back; False if it does not wait any more."""
        return self._jobs.withdraw(job)

    @property
    def hindrance(self) -> Trouble | None:
        """Why it can't be had just now, if that is its own fault: what failed last, or what is waited for still."""
        if self.trouble is not None:
            return self.trouble
        return UNFOUND if self.address is None else self._visits.hindrance

    @property
    def counters(self) -> Mapping[str, int]:
        """What has happened so far; `skipped` are reads whose turn came before the last one had ended."""
        return {
            "connects": self._visits.count,
            "connect_tries": self._visits.connecting.tries,
            "drops": self._drops,
            "notified": self.tellings.told,
            "left_out": self.tellings.left_out,
            "skipped": sum(ticket.skipped for ticket in self._tickets),
        }

    async def _something_to_do(self) -> None:
        while not (self._jobs or self._defect or (self._wants and self._may_try(self._loop.time()))):
            self._news.clear()
            await self._news.wait()
        if self._defect is not None:
            raise self._defect

    @property
    def _wants(self) -> bool:
        """Whether it is to be connected for its own sake."""
        return self.device.keeps or self._reads.are_due

    def _may_try(self, now_s: float) -> bool:
        """For its own sake: while it is locked that would fail at once, again and again."""
        return self._patience.ready(now_s) and (self.trouble is None or now_s >= self._locked_s)

    async def _attempt(self) -> None:
        """Visit it, and say so where that fails."""
        self._visits.connecting.cost_s = 0.0
        try:
            if self.trouble is not None and self._loop.time() < self._locked_s:
                raise self.trouble
            await self._visit()
        except Trouble as trouble:
            self._failed(trouble)

    async def _where(self) -> str:
        """Its address, once it is known; raises Trouble."""
        until_s = self._loop.time() + FIND_S
        while self.address is None:
            self._news.clear()
            try:
                async with asyncio.timeout_at(until_s):
                    await self._news.wait()
            except TimeoutError:
                words = f"none of the addresses heard for {FIND_S:g} s is one of its identity key"
                raise Trouble(Why.OUT_OF_RANGE, words) from None
        return self.address

    async def _visit(self) -> None:
        address = await self._where()
        async with self._visits.visit(address, self._haste, self._news.set) as (connection, seat):
            connection.lost.add_done_callback(lambda _: self._news.set())
            try:
                await self.tellings.listen(connection)
                await self._serve(connection, seat)
            finally:
                self.tellings.close()

    def _haste(self) -> Haste:
        if self._jobs:
            return Haste.COMMAND
        if self._patience.dead:
            return Haste.DEAD
        return Haste.DOUBTFUL if self._patience.failures else Haste.USUAL

    async def _serve(self, connection: Connection, seat: Seat) -> None:
        """As long as there is something to do, or it is kept; raises Trouble where it goes down too early."""
        begun_s = used_s = self._loop.time()
        if not self._attributes:
            self._well()
        while connection.is_up:
            self._news.clear()
            if seat.asked and self._loop.time() - seat.since_s > BUSY_TURN_S and not self._jobs:
                return
            if await self._work(connection):
                used_s = self._loop.time()
                continue
            if self._loop.time() - begun_s >= STEADY_S:
                self._well()
            if not await self._linger(seat, used_s):
                return
        is_steady = self._loop.time() - begun_s >= STEADY_S
        if is_steady:
            self._well()
        self._drops += connection.lost.done()
        if connection.lost.done() and (self._reads.are_due or (self.device.keeps and not is_steady)):
            raise Trouble(Why.LOST, "the connection goes down as soon as it is there")

    async def _linger(self, seat: Seat, used_s: float) -> bool:
        """With nothing to do: whether to stay for what may come, once something has or there was time for it."""
        if seat.asked:
            return False
        until_s = None if self.device.keeps else used_s + self.device.gatt.idle
        if until_s is not None and self._loop.time() >= until_s:
            return False
        try:
            async with asyncio.timeout_at(until_s):
                await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def _work(self, connection: Connection) -> bool:
        """Do what waits longest of what may be done now; False if there is nothing."""
        if self._jobs.have_turn:
            await self._perform(connection)
        elif self._reads.are_due:
            await self._poll(connection)
        else:
            return False
        return True

    async def _poll(self, connection: Connection) -> None:
        self._jobs.settle(polls=1)
        try:
            await self._reads.read(connection, self._between)
        finally:
            self._jobs.settle()
        self._well()

    async def _perform(self, connection: Connection) -> None:
        await self._jobs.perform(connection)
        if connection.is_up:
            self._well()

    async def _between(self, connection: Connection) -> None:
        """Between two reads: commands do not wait for all of them, as far as polls have their share."""
        while self._jobs.have_turn and connection.is_up:
            await self._perform(connection)
        self._jobs.settle(polls=1)

    def _well(self) -> None:
        """It answers."""
        self._patience.answered()
        self._reads.forgive()
        self._room.dead.discard(self.name)
        self.trouble = None
        if self._standing.is_unheard:
            self._standing.reached()

    def _failed(self, trouble: Trouble) -> None:
        now_s, cost_s = self._loop.time(), self._visits.connecting.cost_s
        if trouble.why is Why.TIMEOUT and self._reads.resumes:
            return
        if trouble.why is Why.LOST and not self._reads.lost() and not self._patience.dead:
            self._patience.failed(now_s, cost_s)
            return
        if trouble.why is Why.LOST:
            trouble = Trouble(Why.UNREACHABLE, f"{trouble}: {PAIR_ANEW}" if self.device.gatt.pairs else str(trouble))
        if trouble.why is Why.PAIRING and now_s >= self._locked_s:
            self._locked_s = now_s + LOCKED_S
        self._patience.failed(now_s, cost_s, self._room.rest_s(cost_s))
        if self._patience.dead and cost_s:
            self._room.dead.add(self.name)
        self.trouble = trouble
        self._standing.offline(trouble.why, str(trouble))
        self._reads.spoil(_reason(trouble))
        self.tellings.spoil()
        self._jobs.fail(trouble)

    def _due(self, group: Group) -> bool:
        is_new = self._reads.wake(group)
        if self.trouble is not None:
            self._reads.remind(group, _reason(self.trouble))
        self._news.set()
        return is_new

    def _look(self) -> bool:
        now_s = self._loop.time()
        self.tellings.look(now_s)
        out_of_range = self.trouble is not None and self.trouble.why is Why.OUT_OF_RANGE
        if out_of_range and self.address is not None and self._visits.is_near(self.address):
            self._patience.answered()
        self._news.set()  # it may be time for the next try, or D-Bus may have ended the connection, which nobody tells
        return True

    def _fail(self, defect: Exception) -> None:
        """Of what the grid has called."""
        self._defect = defect
        self._news.set()

    def _stop(self) -> None:
        for ticket in self._tickets:
            ticket.cancel()
        self._jobs.drop()

    def _group(self, group: PointGroup) -> Group:
        return Group(group, self.device.points)


def _reason(trouble: Trouble) -> BadReason:
    return BadReason.TIMEOUT if trouble.why is Why.TIMEOUT else BadReason.NO_LINK
