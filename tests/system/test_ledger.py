"""kill -9 at random instants: the ledgers of the field and of the broker agree.

FIELDGATE_TEST_SEED repeats a run, as far as instants can be repeated.
"""

import os
import random
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.ledger import BrokerLedger, Count, FieldLedger, Promise, metered
from tests.support.line import Line
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

SEED = int(os.environ.get("FIELDGATE_TEST_SEED", "4"))

ROUNDS = 6
"""Of one phase at a commit."""
SLOW_ROUNDS = 100
"""Of each phase at night."""
LONGER = 3
"""So many times the rounds at most, on a machine so busy that few lives are long enough to promise something."""

PROMISE = Promise(commit_interval_s=0.1, worst_commit_s=0.2)
"""A commit may wait for this machine's disk while other tests run."""

LONGEST_LIFE_S = 0.9
"""From the start of a process, or from its first request, to its end; some 0.5 s lie between them, or more."""

READ_FIRST = 0.7
"""Of so many lives the instant is counted from the first request, so that they promise something on any machine."""

SLOW_BACKLOG = "100/s"
"""So that a drain lasts for many lives; the last one, which is not what the rounds are about, goes fast."""


class Rig:
    """One field, one uplink and a daemon that lives many short lives between them."""

    def __init__(
        self, daemon: Daemon, line: Line, plc: Device, *, field: FieldLedger, broker: BrokerLedger, config: str
    ) -> None:
        self.line = line
        self._plc = plc
        self.broker = broker
        self.promised: set[Count] = set()
        self._daemon = daemon
        self._field = field
        self._config = config

    def start(self) -> None:
        self._field.begin()
        self._daemon.start()

    def live(self, chance: random.Random) -> None:
        self.start()
        if chance.random() < READ_FIRST:
            self._plc.wait_for_polls(1)

    def kill(self) -> None:
        now_s = time.monotonic()
        self._daemon.kill()
        self.promised |= self._field.taken_by(now_s - PROMISE.age_s)
        self.broker.take()

    def settle(self) -> None:
        """Let everything arrive that was promised, and say goodbye."""
        self._daemon.configure(self._config)
        self.start()
        self.line.start()
        self._daemon.wait_for("ready")
        self.broker.wait_for(self.promised, timeout_s=30)
        assert self._daemon.terminate() == 0
        self.broker.take()


@pytest.fixture
def rig(make_daemon: MakeDaemon, line: Line, subscriber: Subscriber) -> Iterator[Rig]:
    """The uplink is cut at first."""
    field = FieldLedger()
    with Device(field) as plc:
        line.stop()
        daemon = make_daemon(metered(line.url, plc.port, PROMISE.commit_interval_s, SLOW_BACKLOG))
        fast = metered(line.url, plc.port, PROMISE.commit_interval_s)
        yield Rig(daemon, line, plc, field=field, broker=BrokerLedger(subscriber), config=fast)


def storm(rig: Rig, chance: random.Random) -> None:
    rig.line.start()
    rig.live(chance)
    pause(chance.uniform(0, LONGEST_LIFE_S))
    rig.kill()
    rig.line.stop()


def outage(rig: Rig, chance: random.Random) -> None:
    rig.live(chance)
    pause(chance.uniform(0, LONGEST_LIFE_S))
    rig.kill()


def drain(rig: Rig, chance: random.Random) -> None:
    rig.live(chance)
    pause(chance.uniform(0, LONGEST_LIFE_S / 2))
    rig.line.start()
    pause(chance.uniform(0, LONGEST_LIFE_S / 2))
    rig.kill()
    rig.line.stop()


def pause(duration_s: float) -> None:
    """The instant is what the test is about: there is no event to wait for."""
    time.sleep(duration_s)


Phase = Callable[[Rig, random.Random], None]
PHASES: list[Phase] = [storm, outage, drain]


def assert_the_ledgers_agree(rig: Rig, phase: Phase, rounds: int) -> None:
    print(f"FIELDGATE_TEST_SEED={SEED}")  # noqa: T201 -- pytest shows it when the test fails
    chance = random.Random(SEED)
    for lived in range(LONGER * rounds):
        if lived >= rounds and len(rig.promised) > rounds:
            break
        phase(rig, chance)
    rig.settle()
    print(f"{len(rig.promised)} promised, {len(rig.broker.counts)} arrived, {rig.broker.duplicates} duplicates")  # noqa: T201 -- as above

    assert len(rig.promised) > rounds, "lives were long enough to promise something"


@pytest.mark.timeout(90)
@pytest.mark.parametrize("phase", [drain])
def test_a_kill_at_any_instant_loses_reorders_and_renames_nothing(rig: Rig, phase: Phase) -> None:
    assert_the_ledgers_agree(rig, phase, ROUNDS)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("phase", PHASES)
def test_a_kill_at_many_instants_loses_reorders_and_renames_nothing(rig: Rig, phase: Phase) -> None:
    assert_the_ledgers_agree(rig, phase, SLOW_ROUNDS)
