"""One life of the process that takes commands for the mill, from its start to its stop or its death."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.adapter import LinkConfig
from gateway.clock import steady_ms
from gateway.commands.admission import Admission, Plant, Rules
from gateway.commands.answers import SETTLE_S, Answers
from gateway.commands.audit import Audit
from gateway.commands.guard import Guard
from gateway.commands.hold import Hold
from gateway.commands.journal import Journal
from gateway.commands.own import OwnCommands
from gateway.commands.router import Router
from gateway.commands.voice import OutboxVoice
from gateway.config.models import OutboxSection
from gateway.crowd import Crowd
from gateway.endpoints.contract import Delivery
from gateway.endpoints.payload import Encoder
from gateway.field import Field
from gateway.intake import Intake
from gateway.link import FieldLink
from gateway.model import Result, ResultStatus
from gateway.outbox.disk.store import Store
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from gateway.report import ReportFilter, resolve
from tests.commands.machinery import MILL, Mill

UNTOUCHED = {"rejected", "expired"}
"""Said of a command, it has not happened."""

DAY_S = 86_400.0
AUDIT_AGE_S = 100 * 365 * DAY_S
"""It goes by the system's clock, which the test sets wrongly."""
OUTBOX = {"max_age": "36500d"}
"""Likewise over restarts: a result that is ten years old at once goes, and a gap tells of it."""
MAX_BYTES = 16 * 1024**2
MAX_QUEUE = 3


@dataclass
class Told:
    """What is heard of the gateway: every result it publishes, and what each sender is told."""

    published: list[dict[str, Any]] = field(default_factory=list)
    answered: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """The number of the delivery, and its answer."""
    untrue: list[dict[str, Any]] = field(default_factory=list)
    """Refusals of what had happened."""
    accepted: set[int] = field(default_factory=set)
    tokens: list[str] = field(default_factory=list)


@dataclass
class World:
    """What outlives the process. `ahead_s`: of the true time, by the system's clock."""

    folder: Path
    rules: Rules
    told: Told = field(default_factory=Told)
    ahead_s: float = 1_763_000_000.0
    is_synced: bool = True
    token: int = 0

    def wall_s(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead_s

    def wall_ms(self) -> int:
        return int(self.wall_s() * 1000)


class Life:
    """Everything a command meets in the daemon, on real files. Begin with `start`."""

    is_dead = False

    def __init__(self, world: World) -> None:
        self._world = world
        self._told = world.told
        section = OutboxSection.model_validate(OUTBOX)
        self.outbox = Outbox("cloud", Store(world.folder / "outbox.db", world.wall_s), section, world.wall_s)
        self._local = Store(world.folder / "local.db", world.wall_s)

    async def start(self) -> None:
        """Open the files, and begin."""
        world = self._world
        await self._local.open(world.wall_s())
        await self.outbox.open()
        self.outbox.on_ready = self._publish
        self.audit = Audit(self._local, AUDIT_AGE_S, MAX_BYTES, world.wall_ms, lambda: world.is_synced)
        devices = {"mill": MILL}
        self._field = Field(devices, world.wall_ms)
        self.link = FieldLink(
            "plc",
            adapter=Mill,
            config=LinkConfig(adapter="mill"),
            devices={},
            memory={},
            field=self._field,
            max_queue=MAX_QUEUE,
        )
        self._equip()
        self._committing = asyncio.ensure_future(self.outbox.run())
        self._recording = asyncio.ensure_future(self.audit.run())
        self._routing = asyncio.ensure_future(self.router.run())
        self._working = [asyncio.ensure_future(work) for work in (self.link.supervised.run(), self.link.run_commands())]

    def _equip(self) -> None:
        world, store = self._world, self.outbox.store
        intake = Intake(
            outbox=self.outbox,
            encoder=Encoder("gw", "cloud", self.outbox.session),
            report=ReportFilter(lambda *_: resolve(), lambda: 0.0),
            devices={},
            status_facts=dict,
            birth_facts=dict,
            now_ms=world.wall_ms,
        )
        loop = asyncio.get_running_loop()
        guard = Guard(loop.time, self._minute, self._token)
        plant = Plant({"mill": MILL}, {"plc": self.link}, guard, self._field.latest, lambda: world.is_synced)
        hold = Hold(store, world.rules.default_ttl_s)
        clock_ms = steady_ms(self.outbox.session)
        self.journal = Journal(store, 30 * DAY_S, MAX_BYTES)
        own = OwnCommands({"ping": _ping, "nap": _nap})
        self.router = Router(
            "cloud",
            Admission("cloud", plant, world.rules, own=own, hold=hold, wall_s=world.wall_s),
            self.journal,
            Answers(
                OutboxVoice(self.outbox, intake, self._reply, Crowd(lambda: 0)),
                self.journal,
                self.audit,
                now_ms=clock_ms,
                wall_ms=world.wall_ms,
            ),
            clock_ms,
        )

    def offer(self, number: int, body: Mapping[str, Any], device: str, **more: Any) -> None:
        """A delivery arrives."""
        payload, mark = json.dumps(body).encode(), str(number).encode()
        accept = self._unless_dead(lambda: self._told.accepted.add(number))
        self.router.offer(Delivery(device, payload, accept, reply_to="me", correlation=mark, **more))

    async def stop(self) -> None:
        """As the daemon does."""
        for tasks in ([self._routing], self._working):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        self.link.refuse_waiting()
        await self.router.settle()
        self._recording.cancel()
        await asyncio.wait([self._recording])
        await self.audit.settle()
        self.outbox.finish()
        await self._committing
        await self.outbox.close()
        await self._local.close(clean=True)

    async def records(self) -> list[dict[str, Any]]:
        """What the audit says."""
        return await self.audit.records(device=None, since_ms=-(1 << 62), before=1 << 62, limit=10_000)

    def assert_at_work(self) -> None:
        """Whatever happens, nothing of it ends by itself."""
        for task in (self._committing, self._recording, self._routing, *self._working):
            assert not task.done(), task

    def _publish(self, entry: Entry) -> None:
        if not self.is_dead and entry.kind == "result":
            self._told.published.append(json.loads(entry.payload))

    def _reply(self, to: str, mark: bytes | None, payload: bytes) -> None:
        """As a relay does."""
        if not self.is_dead and to == "me":
            answer = json.loads(payload)
            self._told.answered.append((int(mark or b"0"), answer))
            if answer["status"] in UNTOUCHED and Mill.machine.did(answer["command"]):
                self._told.untrue.append(answer)
            if "confirm" in answer:
                self._told.tokens.append(answer["confirm"])

    def _unless_dead(self, do: Callable[[], object]) -> Callable[[], None]:
        def unless_dead() -> None:
            if not self.is_dead:
                do()

        return unless_dead

    def _token(self) -> str:
        self._world.token += 1
        return f"token-{self._world.token}"

    def _minute(self) -> int | None:
        return int(self._world.wall_s() // 60) % 1440 if self._world.is_synced else None


async def _ping(_args: Mapping[str, Any]) -> Result:
    return Result(ResultStatus.DONE)


async def _nap(_args: Mapping[str, Any]) -> Result:
    await asyncio.sleep(2 * SETTLE_S)
    return Result(ResultStatus.DONE)
