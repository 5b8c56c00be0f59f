"""The power goes while the daemon writes: what had not been flushed is lost, kept or torn, and the promise holds.

The daemon's state lies on ext4 on a disk with a volatile cache; FIELDGATE_TEST_SEED repeats a run, as far as instants
can be repeated.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.outbox.disk.aside import back_of, log_of
from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.disk import PowerDisk, need_fuse, need_loop_devices
from tests.support.envelopes import is_reading
from tests.support.ledger import BrokerLedger, FieldLedger, Promise, metered
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

pytestmark = pytest.mark.root

SEED = int(os.environ.get("FIELDGATE_TEST_SEED", "4"))
SEEDS = [SEED, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(SEED + 1, SEED + 30))]

PROMISE = Promise(commit_interval_s=0.1, worst_commit_s=0.3)
"""Each flush goes through a disk in user space."""

LIFE_S = 1.5
"""When the power goes at the latest, from the first reading on."""

PUT_BACK_S = 0.3
"""What the daemon needs, about, to put a file back."""

UNACKNOWLEDGED = 16
"""At least so many readings; the gateway sends 100 messages without an answer."""


@pytest.fixture
def mosquitto(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """Takes more messages without an answer than the 20 of its own accord."""
    return make_mosquitto(("max_inflight_messages 500",))


@pytest.fixture
def field() -> FieldLedger:
    """Whose units count how often they were read."""
    return FieldLedger()


@pytest.fixture
def plc(field: FieldLedger) -> Iterator[Device]:
    with Device(field) as plc:
        yield plc


@pytest.fixture
def power(tmp_path: Path, seed: int) -> Iterator[PowerDisk]:
    """Under the daemon's state directory; asked for before the daemon is made."""
    need_fuse()
    need_loop_devices()
    disk = PowerDisk(tmp_path / "state", tmp_path, seed)
    yield disk
    disk.end()


class Plant:
    """A daemon whose state is on that disk, with what it reads, and what arrived of it."""

    def __init__(
        self, make_daemon: MakeDaemon, power: PowerDisk, plc: Device, line: Line, subscriber: Subscriber
    ) -> None:
        self._make_daemon = make_daemon
        self._power = power
        self._plc = plc
        self.line = line
        self.broker = BrokerLedger(subscriber)

    def start(self, commit_interval_s: float, polls: int = 1) -> None:
        """Return once it has made so many requests."""
        self.daemon = self._make_daemon(metered(self.line.url, self._plc.port, commit_interval_s))
        self.daemon.start()
        self._plc.wait_for_polls(polls)

    def cut_power(self, seed: int, life_s: float = LIFE_S) -> float:
        """At a random instant, which is what the test is about: there is no event to wait for; returns it."""
        time.sleep(random.Random(seed).uniform(0, life_s))
        now_s = time.monotonic()
        fates = self._power.cut()
        self.daemon.kill()
        self._power.power_up()
        print(f"seed {seed}: {fates}")  # noqa: T201 -- pytest shows it when the test fails
        return now_s

    def go_on(self) -> None:
        """On what the power cut has left."""
        self.daemon.start()
        self.daemon.wait_for("ready")

    def end(self) -> None:
        assert self.daemon.terminate() == 0
        self.broker.take()

    def assert_went_well(self) -> None:
        assert [event for event in self.daemon.log if event["level"] in {"error", "critical"}] == []


@pytest.fixture
def plant(power: PowerDisk, make_daemon: MakeDaemon, plc: Device, line: Line, subscriber: Subscriber) -> Plant:
    return Plant(make_daemon, power, plc, line, subscriber)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_older_than_the_commit_interval_survives_a_power_cut_in_an_outage(
    plant: Plant, field: FieldLedger, seed: int
) -> None:
    plant.line.stop()
    plant.start(PROMISE.commit_interval_s)

    promised = field.taken_by(plant.cut_power(seed) - PROMISE.age_s)
    plant.line.start()
    plant.go_on()
    plant.broker.wait_for(promised, timeout_s=20)

    plant.end()
    plant.assert_went_well()


@pytest.mark.parametrize("seed", SEEDS)
def test_with_no_commit_interval_what_the_broker_has_seen_was_on_disk_before(
    plant: Plant, field: FieldLedger, plc: Device, subscriber: Subscriber, seed: int
) -> None:
    plant.start(0)
    subscriber.wait_for(is_reading)
    plant.broker.wait_for(field.asked_since(0))
    plc.wait_for_polls(UNACKNOWLEDGED)  # what waits for an acknowledgement takes others' places
    plant.broker.wait_for(field.asked_since(0))
    plant.line.mute()
    muted_s = time.monotonic()
    plc.wait_for_polls(UNACKNOWLEDGED)
    plant.broker.wait_for(field.asked_since(muted_s))

    plant.cut_power(seed)
    unacknowledged = field.asked_since(muted_s) & set(plant.broker.counts)
    plant.line.thaw()
    plant.go_on()
    plant.broker.wait_for_copies(unacknowledged)

    plant.end()
    plant.assert_went_well()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_deleted_file_of_which_a_copy_reached_the_disk_is_put_back_after_a_power_cut(
    plant: Plant, field: FieldLedger, seed: int
) -> None:
    plant.line.stop()
    plant.start(PROMISE.commit_interval_s, UNACKNOWLEDGED)
    promised = field.taken_by(time.monotonic() - PROMISE.age_s)
    state = plant.daemon.state_dir
    file = state / "outbox-cloud.db"
    for part in (file, log_of(file)):
        part.unlink()
    plant.daemon.wait_for("outbox file is not in its place any more; it is put back")

    plant.cut_power(seed, PUT_BACK_S)
    has_copy = file.exists() or back_of(file).exists()
    print(sorted(each.name for each in state.iterdir()))  # noqa: T201 -- pytest shows it when the test fails
    plant.line.start()
    plant.go_on()
    plant.broker.wait_for(promised if has_copy else set(), timeout_s=20)

    plant.end()
