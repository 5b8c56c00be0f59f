"""Relay and outbox under random use: what is not acknowledged arrives, what is does not come again."""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gateway import lanes as module
from gateway.outbox.disk.rows import insert_statements
from gateway.outbox.entry import READING, Entry
from tests.outbox.setup import WALL_S
from tests.relay.setup import FarEnd, RelayRig, relaying
from tests.support.examples import examples

T = TypeVar("T")


RESCUED_SESSION = 7
"""Long ago."""

NOW_MS = int(WALL_S * 1000)

KINDS = st.lists(st.sampled_from(["reading"] * 3 + ["result"]), min_size=1, max_size=12)


class Waiting(NamedTuple):
    """What the model knows of an envelope."""

    id: int
    kind: str


class RelayMachine(RuleBasedStateMachine):
    """Lanes, a window, connections that break, rows that come to light, and processes that are started again."""

    @initialize(interval=st.sampled_from(["0s", "1s"]), strict=st.booleans())
    def begin(self, interval: str, strict: bool) -> None:
        self.interval = interval
        self.strict = strict
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.stack.enter_context(patch.object(module, "LIVE_LIMIT", 8))
        self.number = 0
        self.open: dict[bytes, Waiting] = {}
        """All that is not acknowledged, by its payload."""
        self.acknowledged: set[bytes] = set()
        self.unsent: dict[bytes, int] = {}
        """Ids of the readings that must leave one after the other and were not published on this connection."""
        self.end: FarEnd | None = None
        self.seen = 0
        self.rescued: set[int] = set()
        self.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def start(self) -> None:
        self.relays: RelayRig = self.run(
            self.stack.enter_async_context(
                relaying(
                    Path(self.folder.name) / "outbox.db",
                    strict=self.strict,
                    commit_interval=self.interval,
                    max_size="1GiB",
                )
            )
        )

    def expect(self, entry: Entry) -> None:
        """The model learns of an envelope."""
        self.open[entry.payload] = Waiting(entry.id, entry.kind)
        if entry.is_reading and (self.strict or self.end is None or entry.session == RESCUED_SESSION):
            self.unsent[entry.payload] = entry.id

    @rule(kinds=KINDS)
    def stage(self, kinds: list[str]) -> None:
        for kind in kinds:
            self.number += 1
            self.expect(self.relays.rig.stage(kind, b"%d" % self.number))
            self.look()
        self.run(self.relays.quiet() if self.end else asyncio.sleep(0))
        self.look()

    @rule(kinds=KINDS, row_id=st.integers(1, 10**6))
    def rows_come_to_light(self, kinds: list[str], row_id: int) -> None:
        self.settle()
        known = {waiting.id for waiting in self.open.values()} | self.rescued
        entries = []
        for entry_id, kind in enumerate(kinds, start=row_id):
            if entry_id not in known:
                self.number += 1
                entries.append(Entry(entry_id, RESCUED_SESSION, entry_id, kind, "d", NOW_MS, b"%d" % self.number))
        self.rescued.update(entry.id for entry in entries)
        self.run(self.found(entries))
        self.settle()

    async def found(self, entries: list[Entry]) -> None:
        """As the outbox does that rescues them."""
        outbox = self.relays.rig.outbox
        await outbox.store.write(insert_statements(entries))
        outbox._disk.count({entry.id: entry for entry in entries})
        for entry in entries:
            self.expect(entry)
        outbox.on_found()

    @rule(passed_s=st.sampled_from([0.1, 0.5, 1.0]))
    def time_passes(self, passed_s: float) -> None:
        self.relays.rig.clock.advance(passed_s)
        self.settle()

    def settle(self) -> None:
        async def settled() -> None:
            for _ in range(3):
                await self.relays.rig.outbox.store.rows("SELECT 1")
                await asyncio.sleep(0)
            if self.end:
                await self.relays.quiet()

        self.run(settled())
        self.look()

    @precondition(lambda self: self.end is None)
    @rule(window=st.integers(1, 15))
    def connect(self, window: int) -> None:
        self.seen = 0
        self.unsent = {payload: waiting.id for payload, waiting in self.open.items() if waiting.kind == READING}
        self.end = self.run(self.relays.connect(window))
        self.settle()

    @precondition(lambda self: self.end is not None)
    @rule(cut=st.booleans())
    def disconnect(self, cut: bool = False) -> None:
        self.run(self.relays.disconnect(cut=cut))
        self.end = None

    @precondition(lambda self: self.end is not None and self.end.unanswered)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        assert self.end is not None
        tokens = data.draw(st.lists(st.sampled_from(self.end.unanswered), min_size=1, unique=True))
        self.acknowledge_these(self.end, tokens)
        self.settle()

    def acknowledge_these(self, end: FarEnd, tokens: list[int]) -> None:
        payloads = {message.token: message.payload for message in end.sent}
        for token in tokens:
            del self.open[payloads[token]]
            self.acknowledged.add(payloads[token])
        end.ack(tokens)

    def look(self) -> None:
        """At what has been published since the last look."""
        if self.end is None:
            return
        assert self.end.most_unanswered <= self.end._window
        for message in self.end.sent[self.seen :]:
            assert message.payload not in self.acknowledged, "acknowledged, and published again"
            assert message.payload in self.open
            if message.payload in self.unsent:
                assert self.unsent.pop(message.payload) < min(self.unsent.values(), default=1 << 62), "out of order"
        payloads = self.end.payloads
        assert len(payloads) == len(set(payloads)), "twice on one connection"
        self.seen = len(payloads)

    @rule()
    def stop_and_start(self) -> None:
        if self.end is not None:
            self.disconnect()
        self.run(self.stack.aclose())
        self.stack = AsyncExitStack()
        self.stack.enter_context(patch.object(module, "LIVE_LIMIT", 8))
        self.start()

    @rule(window=st.integers(1, 20))
    def everything_arrives_in_the_end_and_each_lane_in_order(self, window: int) -> None:
        if self.end is not None:
            self.disconnect()
        self.connect(window)
        assert self.end is not None
        expected = dict(self.open)
        suspected = bool(self.relays.relay._judge.cuts.suspects)
        while self.open:
            if not self.end.unanswered:  # what was in flight at cuts waits until something else was taken
                assert self.relays.relay._judge.cuts.held, f"nothing comes any more, though {len(self.open)} wait"
                self.stage(["status"])
            self.acknowledge_these(self.end, self.end.unanswered[:1])
            self.settle()
        for readings in (True, False):
            lane = {
                payload: waiting.id for payload, waiting in expected.items() if (waiting.kind == READING) == readings
            }
            came = [p for p in self.end.payloads if p in lane]
            in_order = sorted(lane, key=lane.__getitem__)
            assert sorted(came) == sorted(in_order)
            assert came == in_order or (suspected and not (readings and self.strict))
        self.relays.rig.clock.advance(1.0)
        self.settle()
        self.relays.rig.assert_counted()

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.run(self.stack.aclose())
            self.loop.close()
            self.folder.cleanup()


TestRelayMachine = RelayMachine.TestCase
TestRelayMachine.settings = settings(max_examples=examples(40), stateful_step_count=20)
