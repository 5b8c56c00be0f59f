"""The wall clock jumps, or is wrong at first: nothing is lost for that, and every time is right in the end."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import pytest
from typing_extensions import override

from gateway.clock import kernel_is_synced
from tests.support.daemon import Daemon
from tests.support.device import Counter, Device, Query
from tests.support.envelopes import (
    Envelope,
    has_state,
    identity,
    is_reading,
    moment,
    numbered,
    says,
    stop_and_collect,
    wait_for_counts,
)
from tests.support.faketime import FakeTime
from tests.support.line import Line
from tests.support.site import GATEWAY, counting
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

TEN_YEARS, TWO_DAYS_BACK = "+3650d", "-2d"
LONG_AGO = "-20000d"
"""Where a box begins that has no clock of its own, as far as it matters."""
NEAR_S = 1.0


class Dated(Counter):
    """Notes when each count was asked for, by the true clock."""

    def __init__(self) -> None:
        super().__init__()
        self.asked_at_s: dict[int, float] = {}

    @override
    def __call__(self, query: Query) -> bytes:
        answer = super().__call__(query)
        self.asked_at_s[self.served] = time.time()
        return answer

    def off_s(self, reading: Envelope) -> float:
        """How far a reading's time lies outside of the time in which it was read: until the next was asked for."""
        count, at_s = reading["values"]["count"], moment(reading)
        return max(self.asked_at_s[count] - at_s, at_s - self.asked_at_s[count + 1])


@pytest.fixture
def ledger() -> Dated:
    return Dated()


@pytest.fixture
def dated(ledger: Dated) -> Iterator[Device]:
    with Device(ledger) as device:
        yield device


def readings(messages: Sequence[Received]) -> list[Envelope]:
    return [envelope for envelope in numbered(messages) if envelope["kind"] == "reading"]


def restart(daemon: Daemon) -> None:
    assert daemon.terminate() == 0
    daemon.start()
    daemon.wait_for("ready")


def assert_nothing_is_lost(messages: Sequence[Received]) -> None:
    """Of each session every number has come, and no gap says otherwise."""
    told = numbered(messages)
    for session in {each["session"] for each in told}:
        seqs = {each["seq"] for each in told if each["session"] == session}
        assert {*range(1, max(seqs) + 1)} - seqs == set()
    assert not [each for each in told if each["kind"] == "gap"]


class Outage:
    """The uplink is away from the first to the last moment of the context; then everything is to arrive."""

    def __init__(self, line: Line, daemon: Daemon, device: Device, subscriber: Subscriber) -> None:
        self._line = line
        self._daemon = daemon
        self._device = device
        self._subscriber = subscriber
        self.before: list[Envelope] = []
        """Readings that arrived before it began; the last of them may come again."""
        self.waited: list[Envelope] = []
        """Readings that came out of the backlog, as they arrived."""
        self.messages: list[Received] = []

    def __enter__(self) -> Self:
        self._subscriber.wait_for(says(5))
        self._line.stop()
        self._daemon.wait_for("down")
        self._subscriber.wait_for(lambda m: has_state(m, "offline"))  # the will: nothing else comes any more
        self.before = readings(self._subscriber.messages)
        self._device.wait_for_polls(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._device.wait_for_polls(10)
        last = len(self._device.queries) - 2
        self._line.start()
        self._subscriber.wait_for(says(len(self._device.queries) + 2))
        wait_for_counts(self._subscriber, range(last, len(self._device.queries) + 1))  # what is read now is live
        self.messages = stop_and_collect(self._daemon, self._subscriber)
        known = {identity(each) for each in self.before}
        new = [each for each in readings(self.messages) if identity(each) not in known]
        self.waited = [each for each in new if each["values"]["count"] <= last]


ONE_JUMP = [pytest.param((jump,), marks=pytest.mark.slow) for jump in (TEN_YEARS, TWO_DAYS_BACK)]


@pytest.mark.parametrize("restarts", [pytest.param(False, id="one-session", marks=pytest.mark.slow), True])
@pytest.mark.parametrize("jumps", [(TEN_YEARS, TWO_DAYS_BACK), *ONE_JUMP], ids="".join)
def test_a_clock_that_jumps_during_an_outage_loses_reorders_and_doubles_nothing(
    make_daemon: MakeDaemon,
    meter: Device,
    line: Line,
    subscriber: Subscriber,
    tmp_path: Path,
    *,
    jumps: Sequence[str],
    restarts: bool,
) -> None:
    clock = FakeTime(tmp_path)
    outbox = {"max_age": "1h", "commit_interval": "100ms"}
    daemon = make_daemon(counting(line.url, meter.port, outbox=outbox), clock.env)
    daemon.start()

    with Outage(line, daemon, meter, subscriber) as outage:
        for jump in jumps:
            clock.jump(jump)
            meter.wait_for_polls(10)
            if restarts:
                restart(daemon)
                meter.wait_for_polls(10)

    waited = [each["values"]["count"] for each in outage.waited]
    assert len(waited) > 10 * len(jumps)
    assert waited == sorted(set(waited))
    assert_nothing_is_lost(outage.messages)


@pytest.mark.parametrize("restarted", ["never", pytest.param("before", marks=pytest.mark.slow), "after"])
def test_what_waited_for_the_clock_arrives_with_its_true_time(
    make_daemon: MakeDaemon,
    dated: Device,
    line: Line,
    subscriber: Subscriber,
    tmp_path: Path,
    *,
    ledger: Dated,
    restarted: str,
) -> None:
    mark = tmp_path / "the-clock-is-right"
    clock = FakeTime(tmp_path, LONG_AGO)
    daemon = make_daemon(counting(line.url, dated.port, gateway={"id": GATEWAY, "clock": str(mark)}), clock.env)
    daemon.start()

    with Outage(line, daemon, dated, subscriber) as outage:
        if restarted == "before":
            restart(daemon)
            dated.wait_for_polls(10)
        wrong_to = len(dated.queries)
        clock.jump("+0d")
        mark.touch()
        if restarted == "after":
            restart(daemon)
        else:
            daemon.wait_for("the clock is right")
        right_from = len(dated.queries) + 1

    marks = {each["values"]["count"]: each.get("clock") for each in outage.waited}
    assert {each.get("clock") for each in outage.before} == {"unsynced"}
    assert {mark for count, mark in marks.items() if count < wrong_to} == {"corrected"}
    assert {mark for count, mark in marks.items() if count > right_from} == {None}
    assert max(ledger.off_s(each) for each in outage.waited) < NEAR_S
    assert_nothing_is_lost(outage.messages)


def test_who_we_are_is_told_again_with_its_true_time_as_soon_as_that_is_known(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber, tmp_path: Path
) -> None:
    """At once: a clock that was wrong may have been why no far end, by its certificate or ours, let us in."""
    mark = tmp_path / "the-clock-is-right"
    clock = FakeTime(tmp_path, LONG_AGO)
    cloud, gateway = {"reconnect": {"min": "1h", "max": "1h"}}, {"id": GATEWAY, "clock": str(mark)}
    daemon = make_daemon(counting(line.url, meter.port, cloud, gateway=gateway), clock.env)
    began_s = time.time()
    daemon.start()
    subscriber.wait_for(says(2))
    before = [m.json for m in subscriber.messages if m.topic.endswith(("/birth", "/meter/status"))]
    line.stop()
    daemon.wait_for("down")
    clock.jump("+0d")
    subscriber.clear()
    line.start()

    mark.touch()
    daemon.wait_for("the clock is right")
    subscriber.wait_for(is_reading)

    after = [m.json for m in subscriber.messages if m.topic.endswith(("/birth", "/meter/status"))]
    status = next(m.json for m in subscriber.messages if m.topic == f"fieldgate/{GATEWAY}/status" and "seq" in m.json)
    assert {each["clock"] for each in before} == {"unsynced"}
    assert {each["clock"] for each in after} == {"corrected"}
    assert {identity(each) for each in after} <= {identity(each) for each in before}
    assert all(began_s - NEAR_S < moment(each) < time.time() for each in after)
    assert ("clock" in status, status["system_clock"]) == (False, "synced")
    since = next(each["since"] for each in after if "since" in each)
    assert began_s - NEAR_S < moment({"time": since}) < time.time()


def test_by_default_the_kernel_is_asked(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, gateway={"id": GATEWAY}))
    daemon.start()
    reading = subscriber.wait_for(is_reading).json

    assert reading.get("clock") == (None if kernel_is_synced() else "unsynced")
