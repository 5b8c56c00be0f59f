"""Relay and outbox under random use: what is not acknowledged arrives, what is does not come again."""

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gateway import lanes as module
from tests.relay.setup import FarEnd, RelayRig, relaying

T = TypeVar("T")


class RelayMachine(RuleBasedStateMachine):
    """Lanes, a window, connections that break, and processes that are started again."""

    @initialize(interval=st.sampled_from(["0s", "1s"]))
    def begin(self, interval: str) -> None:
        self.interval = interval
        self.folder = tempfile.TemporaryDirectory()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.stack.enter_context(patch.object(module, "LIVE_LIMIT", 8))
        self.number = 0
        self.open: dict[bytes, str] = {}
        """Payload and kind of all that is not acknowledged."""
        self.acknowledged: set[bytes] = set()
        self.end: FarEnd | None = None
        self.seen = 0
        self.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def start(self) -> None:
        self.relays: RelayRig = self.run(
            self.stack.enter_async_context(
                relaying(Path(self.folder.name) / "outbox.db", commit_interval=self.interval, max_size="1GiB")
            )
        )

    @rule(kinds=st.lists(st.sampled_from(["reading"] * 3 + ["result"]), min_size=1, max_size=12))
    def stage(self, kinds: list[str]) -> None:
        for kind in kinds:
            self.number += 1
            payload = b"%d" % self.number
            self.open[payload] = kind
            self.relays.rig.stage(kind, payload)
        self.run(self.relays.quiet() if self.end else asyncio.sleep(0))
        self.look()

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
        self.end = self.run(self.relays.connect(window))
        self.order: dict[bool, int] = {}
        self.settle()

    @precondition(lambda self: self.end is not None)
    @rule()
    def disconnect(self) -> None:
        self.run(self.relays.disconnect())
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
        while self.open:
            assert self.end.unanswered, f"nothing comes any more, though {len(self.open)} wait"
            self.acknowledge_these(self.end, self.end.unanswered[:1])
            self.settle()
        for readings in (True, False):
            sent = [p for p in self.end.payloads if (expected[p] == "reading") == readings]
            assert sent == [p for p, kind in expected.items() if (kind == "reading") == readings]
        self.relays.rig.clock.advance(1.0)
        self.settle()
        self.relays.rig.assert_counted()

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            self.run(self.stack.aclose())
            self.loop.close()
            self.folder.cleanup()


TestRelayMachine = RelayMachine.TestCase
TestRelayMachine.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
