"""The uplink is away for a while: what was read meanwhile arrives."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import (
    assert_all_arrived,
    catch_up,
    counts,
    is_reading,
    moment,
    numbered,
    once,
    says,
    stop_and_collect,
)
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.site import counting
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("outage_s", [4, pytest.param(30, marks=pytest.mark.slow)])
def test_an_outage_loses_nothing(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber, outage_s: int
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, every="100ms"))
    daemon.start()
    subscriber.wait_for(says(5))

    line.stop()
    meter.wait_for_polls(outage_s * 10, timeout_s=outage_s + 10)
    line.start()
    catch_up(subscriber, meter, timeout_s=20)
    messages = stop_and_collect(daemon, subscriber)

    assert_all_arrived(counts(messages))
    assert not [m for m in messages if m.topic.endswith("/gap")]
    readings = sorted((m.json for m in messages if is_reading(m)), key=moment)
    assert all(later - earlier < 1.0 for earlier, later in pairwise(map(moment, readings)))
    assert len([event for event in daemon.log if event["event"] == "down"]) <= 2


def test_a_broker_that_is_away_at_the_start_gets_everything_later(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    line.stop()
    daemon = make_daemon(counting(line.url, meter.port))
    daemon.start()
    daemon.wait_for("ready")
    meter.wait_for_polls(10)

    line.start()
    catch_up(subscriber, meter)
    messages = stop_and_collect(daemon, subscriber)

    assert_all_arrived(counts(messages))
    envelopes = once(numbered(messages))
    assert sorted(envelope["seq"] for envelope in envelopes) == list(range(1, len(envelopes) + 1))


def test_a_broker_that_is_killed_and_comes_back_has_missed_nothing(
    make_daemon: MakeDaemon, meter: Device, line: Line, mosquitto: Mosquitto
) -> None:
    daemon = make_daemon(counting(line.url, meter.port))
    with Subscriber(mosquitto.port) as first:
        daemon.start()
        first.wait_for(says(5))
        line.stop()
        mosquitto.kill()
    meter.wait_for_polls(10)
    mosquitto.start()

    with Subscriber(mosquitto.port) as second:
        line.start()
        catch_up(second, meter, counts(first.messages))
        messages = [*first.messages, *stop_and_collect(daemon, second)]

    assert_all_arrived(counts(messages))


def test_new_readings_arrive_at_once_and_the_backlog_follows_in_order_at_its_pace(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, outbox={"backlog_rate": "40/s"}))
    daemon.start()
    subscriber.wait_for(says(3))
    line.stop()
    meter.wait_for_polls(40)
    waiting_until = len(meter.queries)
    subscriber.clear()

    line.start()
    subscriber.wait_for_many(is_reading, 38 + 15, timeout_s=10)

    values = counts([m for m in subscriber.messages if is_reading(m)])
    backlog, live = [v for v in values if v <= waiting_until], [v for v in values if v > waiting_until + 1]
    assert backlog == sorted(backlog)
    assert live == sorted(live)
    assert values.index(live[0]) < 10
    between = values[values.index(backlog[0]) : values.index(backlog[-1])]
    assert len([v for v in between if v > waiting_until]) >= 10, "40 at 40/s take 1 s, in which 20 new ones come"


def test_what_waits_first_tells_who_speaks_before_any_reading(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    line.stop()
    make_daemon(counting(line.url, meter.port)).start()
    meter.wait_for_polls(5)

    line.start()
    subscriber.wait_for(is_reading)

    topics = [m.topic for m in subscriber.messages]
    first_reading = topics.index("fieldgate/gw/meter/reading")
    assert {"fieldgate/gw/status", "fieldgate/gw/birth", "fieldgate/gw/meter/birth", "fieldgate/gw/meter/status"} <= {
        *topics[:first_reading]
    }


def test_an_uplink_that_goes_dumb_is_noticed_and_loses_nothing(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, cloud={"ack_timeout": "1s"}))
    daemon.start()
    subscriber.wait_for(says(3))

    line.freeze()
    daemon.wait_for(lambda event: event["event"] == "down" and "no acknowledgement" in event["reason"])
    line.thaw()
    catch_up(subscriber, meter)
    messages = stop_and_collect(daemon, subscriber)

    assert_all_arrived(counts(messages))


def test_a_refused_login_is_said_once_and_delivers_once_it_is_mended(
    make_daemon: MakeDaemon, make_mosquitto: Callable[..., Mosquitto], meter: Device, tmp_path: Path
) -> None:
    secret = "k3y-nobody-may-see"
    (tmp_path / "cloud").write_text(secret)
    broker = make_mosquitto(users={"gw": "another-word", "reader": "reads"})
    with Line(broker.port) as line:
        login = {"username": "gw", "password": "${secret:cloud}"}
        daemon = make_daemon(counting(line.url, meter.port, cloud=login), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
        daemon.start()
        told = daemon.wait_for("down")
        meter.wait_for_polls(15)
        attempts = [text for text in broker.log if "not authorised" in text]
        line.stop()
        broker.stop()
        broker.set_password("gw", secret)
        broker.start()
        with Subscriber(broker.port, user=("reader", "reads")) as subscriber:
            line.start()
            catch_up(subscriber, meter)
            messages = stop_and_collect(daemon, subscriber)

    assert "check username" in told["reason"]
    assert len(attempts) > 2
    assert len([event for event in daemon.log if event.get("reason") == told["reason"]]) == 1
    assert daemon.lines
    assert not [text for text in daemon.lines if secret in text]
    assert_all_arrived(counts(messages))
