"""A router on a real outbox, beside links that only collect what they are given."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.adapter import Rejected
from gateway.commands.journal import Journal
from gateway.commands.router import Router, Rules
from gateway.endpoints.contract import Delivery
from gateway.endpoints.payload import Encoder
from gateway.intake import Intake
from gateway.link import Job
from gateway.model import DeviceInfo, PointInfo, Result, ResultStatus
from gateway.report import ReportFilter
from tests.outbox.setup import Rig, opened, until

POINTS = {
    "setpoint": PointInfo("setpoint", "int16", "float", 1.0, unit="°C", writable=True, write_min=20, write_max=80),
    "mode": PointInfo("mode", "uint16", "text", 1.0, writable=True),
    "open": PointInfo("open", "uint16", "int", 1.0, writable=True, write_min=5),
    "temp": PointInfo("temp", "int16", "float", 1.0),
}
BOILER = DeviceInfo("boiler", "plc", "unit 1", 1.0, POINTS, ())
WRITE = {"id": "c-1", "write": {"setpoint": 55.0}}
DAY_S = 86_400.0


class Link:
    """A queue that nobody works on but the test."""

    def __init__(self, max_queue: int = 100) -> None:
        self.jobs: list[Job] = []
        self.max_queue = max_queue
        self.lies = False
        """Say there is room, and refuse."""

    def submit(self, job: Job) -> None:
        if self.lies or len(self.jobs) >= self.max_queue:
            raise Rejected("queue-full", "full")
        self.jobs.append(job)

    @property
    def is_full(self) -> bool:
        return not self.lies and len(self.jobs) >= self.max_queue


class CommandRig:
    """A router at work, what came of its commands, and what was acknowledged."""

    def __init__(self, rig: Rig, link: Link, rules: Rules, journal: Journal) -> None:
        self.rig = rig
        self.link = link
        self.journal_at_work = journal
        self.accepted: list[int] = []
        self.replies: list[tuple[str, bytes | None, dict[str, Any]]] = []
        self.pings = 0
        self._deliveries = 0
        self._links: dict[str, Any] = {"plc": link}
        intake = Intake(
            outbox=rig.outbox,
            encoder=Encoder("gw", "cloud", rig.outbox.session),
            report=ReportFilter({}, lambda: 0.0),
            devices={},
            status_facts=dict,
            birth_facts=dict,
            now_ms=lambda: int(rig.wall_s * 1000),
        )
        self.router = Router(
            outbox=rig.outbox,
            journal=journal,
            intake=intake,
            devices={"boiler": BOILER},
            links=self._links,
            own={"ping": self._ping},
            rules=rules,
            reply=lambda to, mark, payload: self.replies.append((to, mark, json.loads(payload))),
            wall_s=lambda: rig.wall_s,
        )

    def start(self) -> None:
        self._task = asyncio.create_task(self.router.run())

    async def stop(self) -> None:
        """As the daemon does; harmless when stopped."""
        self._task.cancel()
        await asyncio.wait([self._task])
        assert self._task.cancelled(), self._task.exception()
        await self.router.settle()

    def _ping(self) -> Result:
        self.pings += 1
        return Result(ResultStatus.DONE)

    async def deliver(self, body: Any, device: str = "boiler", **more: Any) -> None:
        """One command, routed to where it goes."""
        number = self.offer(body, device, **more)
        await until(lambda: number in self.accepted)

    def offer(self, body: Any, device: str = "boiler", **more: Any) -> int:
        """One command, as it arrives; its number in `accepted`."""
        number, self._deliveries = self._deliveries, self._deliveries + 1
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.router.offer(Delivery(device, payload, lambda: self.accepted.append(number), **more))
        return number

    async def finish(self, result: Result, index: int = 0) -> None:
        """The link has carried a command out."""
        count = len(self.results)
        self.link.jobs.pop(index).finished(result)
        await until(lambda: len(self.results) > count)

    @property
    def results(self) -> list[dict[str, Any]]:
        """Every result that may be published."""
        return [json.loads(entry.payload) for entry in self.rig.ready if entry.kind == "result"]

    @property
    def last(self) -> tuple[str | None, str, str | None]:
        """Command, status and reason of the newest result."""
        result = self.results[-1]
        return result.get("command"), result["status"], result.get("reason")

    def journal(self) -> list[tuple[str, bool]]:
        """Commands, and whether they are finished."""
        return [(name, bool(done)) for name, done in self.rig.query("SELECT id, result IS NOT NULL FROM journal")]


@asynccontextmanager
async def routing(
    path: Path,
    *,
    ttl_s: float = 60.0,
    needs_expiry: bool = False,
    allowed: bool = True,
    max_queue: int = 100,
    journal_age_s: float = 30 * DAY_S,
    journal_bytes: int = 16 * 1024**2,
) -> AsyncIterator[CommandRig]:
    """A router that runs; at the end it is stopped."""
    async with opened(path) as rig:
        journal = Journal(rig.outbox.store, journal_age_s, journal_bytes)
        commands = CommandRig(rig, Link(max_queue), Rules(ttl_s, needs_expiry, allowed), journal)
        commands.start()
        try:
            yield commands
        finally:
            await commands.stop()
