"""A router on a real outbox, beside links that only collect what they are given."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.adapter import Rejected
from gateway.commands.admission import Admission, Plant, Rules
from gateway.commands.answers import Answers
from gateway.commands.audit import Audit
from gateway.commands.guard import Guard
from gateway.commands.hold import Hold
from gateway.commands.journal import Journal
from gateway.commands.own import OwnCommands
from gateway.commands.router import Router
from gateway.commands.voice import OutboxVoice
from gateway.crowd import Crowd
from gateway.endpoints.contract import Delivery
from gateway.endpoints.payload import Encoder
from gateway.intake import Intake
from gateway.jobs import Job
from gateway.latest import Latest
from gateway.model import ArgumentInfo, CommandInfo, DeviceInfo, PointInfo, Result, ResultStatus
from gateway.outbox.disk.store import Store
from gateway.report import ReportFilter, resolve
from gateway.units import TimesIn
from tests.outbox.setup import Rig, opened, until

POINTS = {
    "setpoint": PointInfo("setpoint", "int16", "float", 1.0, unit="°C", writable=True, write_min=20, write_max=80),
    "mode": PointInfo("mode", "uint16", "text", 1.0, writable=True),
    "open": PointInfo("open", "uint16", "int", 1.0, writable=True, write_min=5),
    "closed": PointInfo("closed", "uint16", "int", 1.0, unit="mm", writable=True, write_max=7),
    "temp": PointInfo("temp", "int16", "float", 1.0),
}
FILL = CommandInfo(args={"kg": ArgumentInfo("float", min=0, max=9), "lot": ArgumentInfo("text", default="none")})
BOILER = DeviceInfo(
    "boiler", "plc", "unit 1", 1.0, POINTS, (), commands={"fill": FILL}, max_write_rate=TimesIn(9_000, 1.0)
)
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

    def __init__(self, rig: Rig, link: Link, rules: Rules, journal: Journal, audit: Audit) -> None:
        self.rig = rig
        self.link = link
        self.journal_at_work = journal
        self.audit = audit
        self.accepted: list[int] = []
        self.replies: list[tuple[str, bytes | None, dict[str, Any]]] = []
        self.pings = 0
        self.is_synced = True
        self.minute: int | None = 12 * 60
        self.tokens = 0
        self._deliveries = 0
        intake = Intake(
            outbox=rig.outbox,
            encoder=Encoder("gw", "cloud", rig.outbox.session),
            report=ReportFilter(lambda *_: resolve(), lambda: 0.0),
            devices={},
            status_facts=dict,
            birth_facts=dict,
            now_ms=self._wall_ms,
        )
        self.guard = Guard(lambda: rig.wall_s, lambda: self.minute, self._token)
        self.latest = Latest()
        plant = Plant({"boiler": BOILER}, {"plc": link}, self.guard, self.latest, lambda: self.is_synced)
        hold = Hold(rig.outbox.store, rules.default_ttl_s)
        self.crowd = 0
        """Results that wait to be published."""
        self._crowd = Crowd(lambda: self.crowd)
        self.reply: Callable[[str, bytes | None, bytes], None] = self._note_reply
        voice = OutboxVoice(rig.outbox, intake, self._copy, self._crowd)
        self.router = Router(
            "cloud",
            Admission(
                "cloud", plant, rules, own=OwnCommands({"ping": self._ping}), hold=hold, wall_s=lambda: rig.wall_s
            ),
            journal,
            Answers(voice, journal, audit, now_ms=self._wall_ms, wall_ms=self._wall_ms),
            self._wall_ms,
        )

    def disperse(self) -> None:
        """The results that waited have gone."""
        self.crowd = 0
        self._crowd.left()

    def _copy(self, to: str, mark: bytes | None, body: bytes) -> None:
        self.reply(to, mark, body)

    def _note_reply(self, to: str, mark: bytes | None, body: bytes) -> None:
        self.replies.append((to, mark, json.loads(body)))

    def _wall_ms(self) -> int:
        return int(self.rig.wall_s * 1000)

    def _token(self) -> str:
        self.tokens += 1
        return f"token-{self.tokens}"

    def start(self) -> None:
        self._task = asyncio.create_task(self.router.run())
        self._recording = asyncio.create_task(self.audit.run())

    async def stop(self) -> None:
        """As the daemon does; harmless when stopped."""
        self._task.cancel()
        await asyncio.wait([self._task])
        assert self._task.cancelled(), self._task.exception()
        await self.router.settle()
        self._recording.cancel()
        await asyncio.wait([self._recording])
        await self.audit.settle()

    async def records(self) -> list[dict[str, Any]]:
        """What the audit says, oldest first."""
        found = await self.audit.records(device=None, since_ms=0, before=1 << 62, limit=1000)
        return found[::-1]

    async def _ping(self, args: Any) -> Result:
        self.pings += 1
        return Result(ResultStatus.DONE)

    async def deliver(self, body: Any, device: str = "boiler", **more: Any) -> None:
        """One command, routed to where it goes."""
        number = self.offer(body, device, **more)
        await until(lambda: number in self.accepted)

    async def deliver_nothing(self) -> None:
        """Let the router do all that it can do now: more turns of the loop than anything it does takes."""
        for _ in range(20):
            await asyncio.sleep(0)

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
    off: str | None = None,
    reads_only: str | None = None,
    devices: Collection[str] | None = None,
    max_queue: int = 100,
    journal_age_s: float = 30 * DAY_S,
    journal_bytes: int = 16 * 1024**2,
    audit_bytes: int = 16 * 1024**2,
) -> AsyncIterator[CommandRig]:
    """A router that runs; at the end it is stopped."""
    async with opened(path) as rig:
        journal = Journal(rig.outbox.store, journal_age_s, journal_bytes)
        local = Store(path.with_name("local.db"))
        await local.open(rig.wall_s)
        audit = Audit(local, 30 * DAY_S, audit_bytes, lambda: int(rig.wall_s * 1000), lambda: True)
        rules = Rules(ttl_s, needs_expiry, off, reads_only, devices)
        commands = CommandRig(rig, Link(max_queue), rules, journal, audit)
        commands.start()
        try:
            yield commands
        finally:
            await commands.stop()
            await local.close(clean=True)
