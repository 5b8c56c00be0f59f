"""An outbox under random use, beside a model that is a list."""

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from tests.outbox.setup import Clock, begin, make, query
from tests.support.examples import examples

T = TypeVar("T")

REFUSE = "CREATE TRIGGER refuse BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'the disk refuses'); END"


class OutboxMachine(RuleBasedStateMachine):
    """What is staged, committed, acknowledged, and lost with the power."""

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "outbox.db"
        self.loop = asyncio.new_event_loop()
        self.clock = Clock()
        self.waiting: dict[int, Entry] = {}
        """Neither acknowledged nor lost."""
        self.on_disk: dict[int, int] = {}
        """Rows, and their size."""
        self.session = 0
        self.last_id = 0
        self.open()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def open(self) -> None:
        self.outbox: Outbox = make(self.path, self.clock)
        self.run(begin(self.outbox, self.clock))
        assert self.outbox.session > self.session
        self.session = self.outbox.session
        self.refusing = False
        found = self.read(True) + self.read(False)
        self.waiting = {entry.id: entry for entry in sorted(found, key=lambda entry: entry.id)}

    def read(self, readings: bool) -> list[Entry]:
        """All that waits, three at a time."""
        entries: list[Entry] = []
        while batch := self.run(
            self.outbox.waiting(
                readings=readings, after=entries[-1].id if entries else 0, before=self.outbox.next_id, limit=3
            )
        ):
            entries += batch
        return entries

    @rule(kind=st.sampled_from(["reading", "reading", "result", "gap"]), size=st.integers(0, 300))
    def stage(self, kind: str, size: int) -> None:
        entry = self.outbox.stage(kind, "d", bytes(size))
        assert entry.id > self.last_id
        self.last_id = entry.id
        self.waiting[entry.id] = entry

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        entry = self.waiting.pop(data.draw(st.sampled_from(sorted(self.waiting))))
        self.outbox.acknowledged(entry)
        self.outbox.acknowledged(entry)

    @rule(passed_s=st.floats(0, 2))
    def time_passes(self, passed_s: float) -> None:
        self.clock.advance(passed_s)

    @rule()
    def commit(self) -> None:
        self.outbox._cycle._due_before = 1 << 62
        self.run(self.outbox._cycle.commit())
        if not self.refusing:
            self.on_disk = {entry.id: len(entry.payload) for entry in self.waiting.values()}

    @rule(data=st.data())
    def acknowledge_during_a_commit(self, data: st.DataObject) -> None:
        chosen = data.draw(st.sets(st.sampled_from(sorted(self.waiting)))) if self.waiting else set()
        kept = {entry.id: len(entry.payload) for entry in self.waiting.values()}

        async def both() -> None:
            commit = asyncio.ensure_future(self.outbox._cycle.commit())
            for steps, number in enumerate(sorted(chosen)):
                for _ in range(steps):
                    await asyncio.sleep(0)
                self.outbox.acknowledged(self.waiting.pop(number))
            await commit

        self.outbox._cycle._due_before = 1 << 62
        self.run(both())
        if not self.refusing:
            rows = {row[0] for row in query(self.path, "SELECT id FROM envelope")}
            assert set(self.waiting) <= rows <= set(kept) | set(self.on_disk)
            self.on_disk = {number: size for number, size in (self.on_disk | kept).items() if number in rows}

    @rule()
    def the_disk_changes_its_mind(self) -> None:
        query(self.path, "DROP TRIGGER refuse" if self.refusing else REFUSE)
        self.refusing = not self.refusing

    @rule()
    def power_goes(self) -> None:
        assert self.outbox.store._db is not None
        self.run(self.outbox.store._db.close())
        if self.refusing:
            query(self.path, "DROP TRIGGER refuse")
        self.open()
        assert set(self.waiting) == set(self.on_disk), "all that was committed, and nothing that was not"
        self.last_id = max(self.waiting, default=0)

    @precondition(lambda self: not self.refusing)
    @rule()
    def stop_and_start(self) -> None:
        expected = list(self.waiting)
        self.close()
        self.open()
        assert list(self.waiting) == expected, "nothing lost, nothing acknowledged come back"
        self.on_disk = {entry.id: len(entry.payload) for entry in self.waiting.values()}
        self.last_id = max(self.waiting, default=0)

    def close(self) -> None:
        self.outbox.finish()
        self.run(self.outbox.run())
        self.run(self.outbox.close())

    @invariant()
    def the_rows_are_those_of_the_model_and_counted(self) -> None:
        rows = dict(query(self.path, "SELECT id, length(payload) FROM envelope"))
        assert rows == self.on_disk
        meta = dict(query(self.path, "SELECT key, value FROM meta WHERE key IN ('rows', 'bytes')"))
        assert meta == {"rows": len(rows), "bytes": sum(rows.values()) + 64 * len(rows)}
        assert self.outbox._disk.rows == len(rows)

    @invariant()
    def everything_that_waits_is_found_in_order(self) -> None:
        for readings in (True, False):
            ids = [entry.id for entry in self.read(readings)]
            assert ids == sorted(entry.id for entry in self.waiting.values() if entry.is_reading == readings)
        assert self.outbox.depth()["waiting"] == len(self.waiting)

    def teardown(self) -> None:
        if hasattr(self, "outbox"):
            if self.refusing:
                query(self.path, "DROP TRIGGER refuse")
            self.close()
            self.loop.close()
            self.folder.cleanup()


TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = settings(max_examples=examples(25), stateful_step_count=25)
