"""Commands under random use, kills, faults and clocks: never carried out twice nor too late, and always answered."""

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.commands.admission import Rules
from tests.commands.life import UNTOUCHED, Life, World
from tests.commands.machinery import FLUSH, MOODS, Deed, Machine, Mill
from tests.support.clockwork import Clockwork
from tests.support.examples import examples
from tests.support.platter import Platter

TTL_S = 20.0
TEN_YEARS_S = 10 * 365.25 * 86_400
NOW_S = 1_763_000_000.0
END_S = 3.0
"""What the daemon's stop may take before it is cut."""

ROUNDING_S = 0.001
"""Points in time are written and read as text."""

LONGEST_S = 1100.0
"""No command may take longer than the longest expiry here."""

BLIND = {"storage", "retained", "queue-full"}
"""Why a delivery is refused before the journal is asked, or where it can't be."""

FILES = st.sampled_from([("outbox.db",), ("local.db",), ("outbox.db", "local.db")])
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Nobody cuts the power here, so nothing need be flushed."""

TURNS = st.sampled_from([1000, 1000, 0, 3, 10])
PAUSES = st.sampled_from([0.0, 0.0, 0.4, 3.0, 7.0])
WHAT = ["plain", "plain", "rated", "asked", "locked", "daily", "flush", "tare", "read", "ping", "nap"]


@dataclass
class Sent:
    """A delivery as the broker knows it; it comes again until it is acknowledged. `expires_s`: on the true clock."""

    number: int
    body: dict[str, Any]
    device: str
    retained: bool
    expires_s: float | None
    due_s: float = 0.0
    """Nothing may be done for it from then on."""

    @property
    def command(self) -> str:
        return str(self.body["id"])

    def asked_for(self, deed: Deed) -> bool:
        """Whether it can have been done for this delivery, and for no other of the same command."""
        values = {**self.body.get("write", {}), self.body.get("invoke"): self.body.get("args", {}).get("by")}
        wanted = FLUSH if self.body.get("invoke") == "flush" else values
        return deed.command == self.command and wanted.get(deed.point) == deed.value


class CommandMachine(RuleBasedStateMachine):
    """A broker, a gateway that dies, and a mill."""

    @initialize(needs_expiry=st.booleans())
    def begin(self, needs_expiry: bool) -> None:
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY)))
        self.platter = Platter()
        self.stack.enter_context(self.platter.installed())
        self.needs_expiry = needs_expiry
        self.world = World(folder, Rules(TTL_S, needs_expiry=needs_expiry))
        self.machine = Mill.machine = Machine()
        self.sent: list[Sent] = []
        self.begun_s = 1000.0
        self.deeds_seen = 0
        self.is_faulty = False
        self.unrecorded: set[str] = set()
        """Ended while the audit's file refused, in a life that ended so."""
        self.start()

    def start(self) -> None:
        self.logs = self.stack.enter_context(structlog.testing.capture_logs())
        self.loop = Clockwork(self.begun_s)
        clock = "gateway.clock"
        self.stack.enter_context(patch(f"{clock}.boot_ms", lambda: int(self.loop.time() * 1000)))
        self.stack.enter_context(patch(f"{clock}.now_ms", lambda: int((self.loop.time() + self.world.ahead_s) * 1000)))
        self.life = self.loop.run(self.living())
        self.loop.quiet()

    async def living(self) -> Life:
        life = Life(self.world)
        await life.start()
        return life

    @rule(
        what=st.sampled_from(WHAT),
        again=st.integers(0, 3),
        own_expiry_s=st.sampled_from([None] * 5 + [0.0, 1.5, 30.0]),
        message_expiry_s=st.sampled_from([None, None, 1, 10, 1000]),
        retained=st.sampled_from([False] * 9 + [True]),
        token=st.booleans(),
        turns=TURNS,
    )
    def deliver(
        self,
        *,
        what: str,
        again: int,
        own_expiry_s: float | None,
        message_expiry_s: int | None,
        retained: bool,
        token: bool,
        turns: int,
    ) -> None:
        number = len(self.sent) + 1
        body: dict[str, Any] = {"id": f"c-{number}"} | _asked(what, number)
        if again == 0 and self.sent:
            body["id"] = self.sent[-1 - number % min(3, len(self.sent))].command
        if own_expiry_s is not None:
            body["expires"] = datetime.fromtimestamp(self.wall_s + own_expiry_s, UTC).isoformat()
        if token and self.world.told.tokens:
            body["confirm"] = self.world.told.tokens[-1]
        expires_s = None if message_expiry_s is None else self.loop.time() + message_expiry_s
        self.send(Sent(number, body, _device(what), retained, expires_s))
        self.turn(turns)

    @rule(whats=st.lists(st.sampled_from(WHAT), min_size=1, max_size=6), turns=TURNS)
    def deliver_some(self, whats: list[str], turns: int) -> None:
        for what in whats:
            number = len(self.sent) + 1
            body = {"id": f"c-{number}"} | _asked(what, number)
            self.send(Sent(number, body, _device(what), False, self.loop.time() + 1000 if self.needs_expiry else None))
        self.turn(turns)

    @precondition(lambda self: self.world.told.tokens)
    @rule(turns=TURNS)
    def confirm(self, turns: int) -> None:
        refused = next(n for n, answer in reversed(self.world.told.answered) if "confirm" in answer)
        number = len(self.sent) + 1
        body = {**self.sent[refused - 1].body, "id": f"c-{number}", "confirm": self.world.told.tokens[-1]}
        body.pop("expires", None)
        self.send(Sent(number, body, "mill", False, self.loop.time() + 10))
        self.turn(turns)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), turns=TURNS)
    def deliver_again(self, data: st.DataObject, turns: int) -> None:
        old, number = data.draw(st.sampled_from(self.sent)), len(self.sent) + 1
        body = dict(old.body)
        if "write" in body:
            body["write"] = dict.fromkeys(body["write"], number)
        if "args" in body:
            body["args"] = {"by": number}
        self.send(Sent(number, body, old.device, old.retained, old.expires_s))
        self.turn(turns)

    def send(self, sent: Sent) -> None:
        self.sent.append(sent)
        self.offer(sent)

    def offer(self, sent: Sent) -> None:
        """As a broker does, which drops what has expired."""
        now_s = self.loop.time()
        rest_s = None if sent.expires_s is None else sent.expires_s - now_s
        if rest_s is not None and rest_s <= 0:
            self.world.told.accepted.add(sent.number)
            return
        bounds = [] if rest_s is None else [now_s + rest_s]
        if "expires" in sent.body and self.world.is_synced:
            bounds.append(now_s + datetime.fromisoformat(sent.body["expires"]).timestamp() - self.wall_s)
        sent.due_s = max(sent.due_s, min(bounds, default=now_s + TTL_S))
        more = {"retained": sent.retained, "expires_in_s": rest_s}
        self.loop.call_soon(partial(self.life.offer, sent.number, sent.body, sent.device, **more))
        self.loop.turn(0)

    @property
    def wall_s(self) -> float:
        return self.loop.time() + self.world.ahead_s

    @rule(turns=st.integers(1, 40))
    def turn(self, turns: int) -> None:
        self.loop.turn(turns)
        self.look()

    @rule(passed_s=st.sampled_from([0.1, 1.0, 2.5, 6.0, 30.0, 100.0]))
    def time_passes(self, passed_s: float) -> None:
        self.loop.advance(passed_s)
        self.look()

    @rule(mood=st.sampled_from(MOODS), pump=st.sampled_from([False, False, True]))
    def the_mill_is_in_another_mood(self, mood: str, pump: bool) -> None:
        self.machine.mood, self.machine.pump = mood, pump

    @rule(for_s=PAUSES)
    def the_cable_is_pulled(self, for_s: float) -> None:
        self.machine.is_cut_off = True
        if Mill.now is not None:
            Mill.now.die()
        self.time_passes(for_s)
        self.machine.is_cut_off = False

    @rule(ahead_s=st.sampled_from([NOW_S, NOW_S + TEN_YEARS_S, NOW_S - TEN_YEARS_S, 0.0]), is_synced=st.booleans())
    def the_clock_jumps(self, ahead_s: float, is_synced: bool) -> None:
        self.loop.quiet()
        self.world.ahead_s = ahead_s
        self.world.is_synced = is_synced
        for sent in self.sent:
            if "expires" in sent.body and sent.number not in self.world.told.accepted:
                sent.due_s = float("inf")

    @rule(hangs=st.booleans(), files=FILES, for_s=PAUSES, stays=st.booleans())
    def the_disk_fails(self, hangs: bool, files: tuple[str, ...], for_s: float, stays: bool) -> None:
        self.is_faulty = True
        if hangs:
            self.platter.hang(*files)
        else:
            self.platter.refusing = frozenset(files)
        self.time_passes(for_s)
        if not stays:
            self.the_disk_works_again()

    @precondition(lambda self: self.is_faulty)
    @rule()
    def the_disk_works_again(self) -> None:
        self.platter.refusing = frozenset()
        self.platter.hang()
        self.loop.quiet()
        self.look()

    @rule(turns=st.integers(0, 30), kill=st.booleans())
    def the_process_ends_and_another_begins(self, turns: int, kill: bool) -> None:
        self.turn(turns)
        if not kill:
            self.stop()
        self.bury()
        self.start()
        self.deliver_what_was_not_accepted()

    def stop(self) -> None:
        """As well as the disk lets it."""
        stopping = self.loop.create_task(self.life.stop())
        self.loop.advance(END_S)
        if stopping.done():
            stopping.result()
        self.look()

    def bury(self) -> None:
        """Nothing that the dead process had in hand happens any more."""
        self.life.is_dead = True
        self.platter.cut()
        deeds = len(self.machine.deeds)
        if self.is_faulty:
            self.unrecorded |= {deed.command for deed in self.machine.deeds}
        self.is_faulty = False
        self.loop.end()
        assert len(self.machine.deeds) == deeds
        assert not [line for line in self.logs if line["event"] == "defect" and line.get("name") is None], self.logs
        self.begun_s = self.loop.time()
        self.platter.restore()

    def deliver_what_was_not_accepted(self) -> None:
        for sent in self.sent:
            if sent.number not in self.world.told.accepted:
                self.offer(sent)

    @invariant()
    def look(self) -> None:
        """At what was done and said since the last look, in that order."""
        if not hasattr(self, "life"):
            return
        assert not self.machine.wrongs, self.machine.wrongs
        for deed in self.machine.deeds[self.deeds_seen :]:
            due_s = max(sent.due_s for sent in self.sent if sent.asked_for(deed))
            assert deed.at_s < due_s + ROUNDING_S, f"too late: {deed}"
        self.deeds_seen = len(self.machine.deeds)
        told = self.world.told
        assert not [answer for answer in told.untrue if answer.get("reason") not in BLIND]
        for number, answer in told.answered:
            sent = self.sent[number - 1]
            assert answer["command"] == sent.command
            if answer["status"] in UNTOUCHED and sent.body.get("invoke") != "flush":
                done = [deed for deed in self.machine.did(sent.command) if sent.asked_for(deed)]
                assert not done, f"refused, and carried out: {sent}"

    @invariant()
    def nothing_ends_by_itself(self) -> None:
        if hasattr(self, "life"):
            self.life.assert_at_work()

    def teardown(self) -> None:
        if hasattr(self, "life"):
            try:
                self.everything_is_answered()
            finally:
                if not self.loop.is_closed():
                    self.bury()
                self.stack.close()

    def everything_is_answered(self) -> None:
        """Once the disk works and all is quiet."""
        self.the_disk_works_again()
        self.machine.mood = "well"
        self.loop.advance(LONGEST_S)
        self.deliver_what_was_not_accepted()
        self.loop.advance(LONGEST_S)
        self.look()
        told = self.world.told
        rows = self.loop.run(self.life.outbox.waiting(readings=False, after=0, before=1 << 62, limit=10_000))
        told.published += [json.loads(row.payload) for row in rows if row.kind == "result"]
        answers = {each["command"]: each["status"] for each in told.published if "command" in each}
        dropped = {sent.command for sent in self.sent if sent.expires_s is not None}
        missing = {sent.command for sent in self.sent} - answers.keys() - dropped
        assert not missing, ("never answered", [sent for sent in self.sent if sent.command in missing])
        records = self.loop.run(self.life.records())
        recorded = {each.get("command") for each in records}
        unrecorded = {deed.command for deed in self.machine.deeds} - self.unrecorded - recorded
        assert not unrecorded, (unrecorded, answers)
        for each in told.published:
            self.check_done(each)

    def check_done(self, answer: dict[str, Any]) -> None:
        if answer["status"] == "done" and "values" in answer:
            deeds = {deed.point: deed.value for deed in self.machine.did(answer["command"])}
            for name, value in answer["values"].items():
                assert name == "pump" or deeds[name] == value


def _device(what: str) -> str:
    return "" if what in ("ping", "nap") else "mill"


def _asked(what: str, number: int) -> dict[str, Any]:
    if what in ("flush", "ping", "nap"):
        return {"invoke": what}
    if what == "tare":
        return {"invoke": what, "args": {"by": number}}
    return {"read": ["pump"]} if what == "read" else {"write": {what: number}}


class LongCommandMachine(CommandMachine):
    """The same, for a night."""


TestCommandMachine = CommandMachine.TestCase
TestCommandMachine.settings = settings(max_examples=examples(100), stateful_step_count=40)

TestLongCommandMachine = pytest.mark.slow(pytest.mark.timeout(1200)(LongCommandMachine.TestCase))
TestLongCommandMachine.settings = settings(max_examples=examples(3000), stateful_step_count=60)
