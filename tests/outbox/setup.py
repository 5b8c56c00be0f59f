"""An outbox on a real file, with clocks in the test's hand."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from gateway.clock import WallClock
from gateway.config.models import OutboxSection
from gateway.model import Gap
from gateway.outbox.disk.store import Store
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox

WALL_S = 1_763_888_462.0


class Timer:
    """What `call_at` gives."""

    def __init__(self, at_s: float, call: Callable[[], object]) -> None:
        self.at_s = at_s
        self.call = call
        self.is_off = False

    def when(self) -> float:
        return self.at_s

    def cancel(self) -> None:
        self.is_off = True


class Clock:
    """Stands in for the loop's clock; it moves only when told to."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self._timers: list[Timer] = []

    def time(self) -> float:
        return self.now_s

    def call_at(self, at_s: float, call: Callable[[], object]) -> Timer:
        self._timers.append(Timer(at_s, call))
        return self._timers[-1]

    def advance(self, seconds: float) -> None:
        """Let time pass, and what was planned happen at its time."""
        end_s = self.now_s + seconds
        while due := [timer for timer in self._timers if timer.at_s <= end_s and not timer.is_off]:
            timer = min(due, key=lambda timer: timer.at_s)
            self._timers.remove(timer)
            self.now_s = timer.at_s
            timer.call()
        self.now_s = end_s


class Rig:
    """An open outbox, what it said, and its file as others see it."""

    def __init__(self, outbox: Outbox, path: Path, clock: Clock, wall_s: float) -> None:
        self.outbox = outbox
        self.path = path
        self.clock = clock
        self.ready: list[Entry] = []
        self.gaps: list[Gap] = []
        self.wall_s = wall_s
        self._commits = 0
        self._committed = asyncio.Event()

    def stage(self, kind: str = "reading", payload: bytes = b"{}", device: str = "d") -> Entry:
        return self.outbox.stage(kind, device, payload)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """What is on disk, seen from another connection."""
        return query(self.path, sql, *parameters)

    def ids(self) -> list[int]:
        return [row[0] for row in self.query("SELECT id FROM envelope ORDER BY id")]

    def told(self, gap: Gap) -> None:
        """As the intake does: a gap is an envelope."""
        self.gaps.append(gap)
        self.stage("gap", b'{"gap":1}')

    def count_commit(self) -> None:
        self._commits += 1
        self._committed.set()

    async def commit(self, after_s: float = 0.5) -> None:
        """Let so much time pass, and wait for the commits that it brings."""
        commits = self._commits
        self.clock.advance(after_s)
        async with asyncio.timeout(10):
            while self._commits == commits or not self.is_quiet:
                self._committed.clear()
                await self._committed.wait()

    async def settle(self) -> None:
        """Let time pass until everything is told and on disk."""
        while self.outbox._staged or self.outbox._cycle.losses:
            self.outbox.tell_losses()
            await self.commit(0.5)

    @property
    def is_quiet(self) -> bool:
        """No commit is under way or asked for."""
        return not self.outbox._cycle._schedule.due.is_set() and not self.outbox._staged.committing

    def files(self) -> tuple[bytes, bytes]:
        """Every byte on disk."""
        return self.path.read_bytes(), self.path.with_name(self.path.name + "-wal").read_bytes()

    async def waiting(
        self, *, readings: bool = True, after: int = 0, before: int = 10**18, limit: int = 100
    ) -> list[int]:
        entries = await self.outbox.waiting(readings=readings, after=after, before=before, limit=limit)
        return [entry.id for entry in entries]

    def assert_counted(self) -> None:
        """The counters are what a count would give."""
        rows, size = self.query("SELECT count(*), coalesce(sum(length(payload) + 64), 0) FROM envelope")[0]
        meta = dict(self.query("SELECT key, value FROM meta WHERE key IN ('rows', 'bytes')"))
        assert meta == {"rows": rows, "bytes": size}
        assert (self.outbox._disk.rows, self.outbox._disk.bytes) == (rows, size)


async def until(happened: Callable[[], object]) -> None:
    """Turn the loop until something is so."""
    async with asyncio.timeout(10):
        while not happened():  # noqa: ASYNC110 -- a thread and its callbacks bring it about
            await asyncio.sleep(0)


def query(path: Path, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    """From a connection of its own."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        return db.execute(sql, parameters).fetchall()


def make(
    path: Path,
    clock: Clock,
    wall_s: Callable[[], float] = lambda: WALL_S,
    *,
    wall: WallClock | None = None,
    **settings: Any,
) -> Outbox:
    """An outbox that is not open yet; settings as in the configuration."""
    return Outbox("cloud", Store(path), OutboxSection.model_validate(settings), wall_s, wall=wall)


async def begin(outbox: Outbox, clock: Clock) -> None:
    """Open it, on the test's clock."""
    await outbox.open(clock)


@asynccontextmanager
async def opened(
    path: Path, *, wall_s: float = WALL_S, wall: WallClock | None = None, **settings: Any
) -> AsyncIterator[Rig]:
    """An outbox at work, finished and closed at the end."""
    clock = Clock()
    rig: Rig
    outbox = make(path, clock, lambda: rig.wall_s, wall=wall, **settings)
    rig = Rig(outbox, path, clock, wall_s)
    await begin(outbox, clock)
    outbox.on_ready = rig.ready.append
    outbox.on_gap = rig.told
    outbox.on_commit = rig.count_commit
    task = asyncio.create_task(outbox.run())
    try:
        yield rig
    finally:
        outbox.finish()
        await task
        await outbox.close()


def full(outbox: Outbox, pages: int) -> Any:
    """Let the file grow no further: SQLite then says what it says on a full disk."""
    assert outbox.store._db is not None
    return outbox.store._db.execute_fetchall(f"PRAGMA max_page_count={pages}")
