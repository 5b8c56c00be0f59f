"""A large backlog and what is read meanwhile: nobody is lost, nobody waits who must not, everybody keeps the order."""

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import pytest

from scripts.bench.prefill import OLD_DEVICE, prefill
from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import counts, has_state, is_reading, is_result, numbered, once
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.site import counting
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

ROWS = 6000
UNLIMITED = "1000000/s"
pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def mosquitto(make_mosquitto: Callable[..., Mosquitto]) -> Mosquitto:
    """One that drops nothing for a subscriber slower than the daemon."""
    return make_mosquitto(("max_queued_messages 0",))


def is_old(message: Received) -> bool:
    return is_reading(message, f"/d{OLD_DEVICE}")


def is_new(message: Received) -> bool:
    return is_reading(message, "/meter")


def filled(make_daemon: MakeDaemon, line: Line, meter: Device, rows: int = ROWS, **outbox: Any) -> Daemon:
    """A daemon whose outbox holds so many readings of an earlier session."""
    settings = {"max_size": "4GiB", "backlog_rate": UNLIMITED, **outbox}
    daemon = make_daemon(counting(line.url, meter.port, outbox=settings))
    prefill(daemon.state_dir / "outbox-cloud.db", rows)
    return daemon


def assert_nothing_is_missing(messages: Sequence[Received], rows: int) -> None:
    """Every old reading arrived, in order, and whatever this session has numbered."""
    assert [envelope["seq"] for envelope in once(numbered(m for m in messages if is_old(m)))] == list(
        range(1, rows + 1)
    )
    since = [envelope["seq"] for envelope in once(numbered(m for m in messages if not is_old(m)))]
    assert sorted(since) == list(range(1, len(since) + 1))
    assert not [m for m in messages if m.topic.endswith("/gap")]


def drained(daemon: Daemon, meter: Device, subscriber: Subscriber, rows: int) -> list[Received]:
    """Everything that arrived until all old readings had, and what is read now."""
    subscriber.wait_for(lambda m: is_old(m) and f'"seq":{rows},'.encode() in m.payload, timeout_s=60)
    now = len(meter.queries)
    subscriber.wait_for(lambda m: is_new(m) and m.json["values"].get("count", 0) > now)
    assert daemon.terminate() == 0
    subscriber.wait_for(lambda m: has_state(m, "offline") and not m.retained)
    return subscriber.messages


def old_ones_before_new(messages: Sequence[Received]) -> list[int]:
    """How many old readings had arrived when each new one first did."""
    devices = [envelope["device"] for envelope in once(numbered(m for m in messages if is_reading(m)))]
    old = list(accumulate(device != "meter" for device in devices))
    return [count for count, device in zip(old, devices, strict=True) if device == "meter"]


def test_new_readings_arrive_at_once_while_old_ones_drain_oldest_first(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = filled(make_daemon, line, meter)
    daemon.start()

    messages = drained(daemon, meter, subscriber, ROWS)

    assert_nothing_is_missing(messages, ROWS)
    new = counts([m for m in messages if is_new(m)])
    live, before = [n for n in new if n >= new[0]], [n for n in new if n < new[0]]
    assert (live, before) == (sorted(live), sorted(before)), "what was read before the connection is old too"
    among = [count for count in old_ones_before_new(messages) if count < ROWS]
    assert among, "while old ones drain"
    assert among[0] < ROWS / 3, "and soon"


def test_a_second_outage_in_mid_drain_loses_and_reorders_nothing(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = filled(make_daemon, line, meter)
    daemon.start()
    for part in (ROWS // 10, ROWS // 2):
        subscriber.wait_for(lambda m, part=part: is_old(m) and m.json["seq"] >= part, timeout_s=30)  # type: ignore[misc]
        line.stop()
        meter.wait_for_polls(5)
        line.start()

    messages = drained(daemon, meter, subscriber, ROWS)

    assert_nothing_is_missing(messages, ROWS)
    assert len([event for event in daemon.log if event["event"] == "down"]) >= 2


def test_a_result_does_not_wait_behind_readings(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = filled(make_daemon, line, meter)
    daemon.start()
    subscriber.wait_for(is_old)

    subscriber.publish("fieldgate/gw/command", {"id": "p1", "invoke": "ping"})
    subscriber.wait_for(lambda m: is_result(m, "p1"))

    assert len([m for m in subscriber.messages if is_old(m)]) < ROWS, "it came while old readings drained"


@pytest.mark.parametrize("rate", [UNLIMITED, pytest.param("1000/s", marks=pytest.mark.slow)])
def test_in_strict_order_readings_leave_as_they_were_read_over_outages_too(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber, rate: str
) -> None:
    rows = ROWS if rate == UNLIMITED else 3000
    daemon = filled(make_daemon, line, meter, rows, order="strict", backlog_rate=rate)
    daemon.start()
    subscriber.wait_for(lambda m: is_old(m) and m.json["seq"] >= rows // 3, timeout_s=30)
    line.stop()
    meter.wait_for_polls(10)
    line.start()

    messages = drained(daemon, meter, subscriber, rows)

    assert_nothing_is_missing(messages, rows)
    assert set(old_ones_before_new(messages)) == {rows}
    new = counts([m for m in messages if is_new(m)])
    assert new == sorted(new)


def test_in_strict_order_a_result_does_not_wait_either(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = filled(make_daemon, line, meter, order="strict")
    daemon.start()
    subscriber.wait_for(is_old)

    subscriber.publish("fieldgate/gw/command", {"id": "p1", "invoke": "ping"})
    subscriber.wait_for(lambda m: is_result(m, "p1"))

    assert not [m for m in subscriber.messages if is_new(m)]
