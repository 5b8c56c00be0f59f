"""SIGTERM ends the daemon in under five seconds, with everything in its place."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device, hang, hang_on_writes
from tests.support.envelopes import has_state, is_reading, is_result, says, wait_for_counts
from tests.support.fakebroker import FakeBroker
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.site import counting, device, endpoint, link, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

LIMIT_S = 5.0


def assert_stops_well(daemon: Daemon) -> None:
    began_s = time.monotonic()
    code = daemon.terminate()
    took_s = time.monotonic() - began_s

    assert code == 0
    assert took_s < LIMIT_S
    assert [event["event"] for event in daemon.log][-1] == "stopped"
    assert not [line for line in daemon.lines if "Traceback" in line or line[:1] != "{"]
    with sqlite3.connect(daemon.state_dir / "outbox-cloud.db") as outbox:
        assert outbox.execute("SELECT value FROM meta WHERE key = 'clean'").fetchall() == [(1,)]
        counted = outbox.execute("SELECT value FROM meta WHERE key = 'rows'").fetchall()
        assert counted == outbox.execute("SELECT count(*) FROM envelope").fetchall()
    outbox.close()
    assert not list(daemon.state_dir.glob("*-wal"))


def wait_for_claim(daemon: Daemon, command: str, timeout_s: float = HANG_S) -> None:
    """Return once a command stands in the journal."""
    end_s = time.monotonic() + timeout_s
    with closing(sqlite3.connect(daemon.state_dir / "outbox-cloud.db")) as outbox:
        while not outbox.execute("SELECT 1 FROM journal WHERE id = ?", (command,)).fetchall():
            assert time.monotonic() < end_s, f"{command} was not claimed"


def test_at_rest_it_says_goodbye_and_leaves_nothing_behind(
    make_daemon: MakeDaemon, meter: Device, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(mosquitto.url, meter.port))
    daemon.start()
    subscriber.wait_for(says(3))

    assert_stops_well(daemon)

    goodbye = subscriber.wait_for(lambda m: has_state(m, "offline")).json
    assert goodbye["reason"] == "stopped"
    with Subscriber(mosquitto.port, "fieldgate/gw/status") as late:
        assert late.wait_for(lambda m: m.retained).json == goodbye
    with sqlite3.connect(daemon.state_dir / "outbox-cloud.db") as outbox:
        assert outbox.execute("SELECT count(*) FROM envelope").fetchall() == [(0,)]
    outbox.close()


def test_in_an_outage_what_waits_is_kept_for_the_next_start(
    make_daemon: MakeDaemon, meter: Device, mosquitto: Mosquitto, line: Line, subscriber: Subscriber
) -> None:
    line.stop()
    daemon = make_daemon(counting(line.url, meter.port))
    daemon.start()
    meter.wait_for_polls(10)

    assert_stops_well(daemon)

    kept = len(meter.queries) - 1
    line.start()
    daemon.start()
    wait_for_counts(subscriber, range(1, kept + 1))
    birth = subscriber.wait_for(lambda m: m.topic == "fieldgate/gw/birth").json
    assert birth["previous"]["clean"] is True
    with Subscriber(mosquitto.port, "fieldgate/gw/status") as late:
        assert late.wait_for(lambda m: m.retained).json["state"] == "online"


def test_before_the_first_connection_is_up(make_daemon: MakeDaemon, meter: Device) -> None:
    with FakeBroker() as broker:
        broker.greet = lambda: b""
        daemon = make_daemon(counting(broker.url, meter.port))
        daemon.start()
        broker.wait_until(lambda: broker.connections == 1)
        meter.wait_for_polls(2)

        assert_stops_well(daemon)


def test_with_a_broker_that_never_acknowledges(make_daemon: MakeDaemon, meter: Device) -> None:
    with FakeBroker(lambda _: None) as broker:
        daemon = make_daemon(counting(broker.url, meter.port))
        daemon.start()
        broker.wait_until(lambda: len([m for m in broker.messages if is_reading(m)]) >= 3)

        assert_stops_well(daemon)


@pytest.mark.slow
def test_with_an_uplink_that_went_dumb(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port))
    daemon.start()
    subscriber.wait_for(says(2))
    line.freeze()
    meter.wait_for_polls(3)

    assert_stops_well(daemon)


def test_with_a_hanging_device_and_a_command_under_way(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    points = {"position": {"address": 0, "type": "uint16", "writable": True}}
    with Device(hang_on_writes) as plc:
        config = site(endpoint(mosquitto.url), {"plc": link(plc.port)}, {"valve": device(points, timeout="30s")})
        daemon = make_daemon(config)
        daemon.start()
        subscriber.wait_for(is_reading)
        subscriber.publish("fieldgate/gw/valve/command", {"id": "first", "write": {"position": 7}})
        plc.wait_for_write()
        subscriber.publish("fieldgate/gw/valve/command", {"id": "queued", "write": {"position": 8}})
        wait_for_claim(daemon, "queued")
        plc.react = hang

        assert_stops_well(daemon)

        assert subscriber.wait_for(lambda m: is_result(m, "first")).json["status"] == "unknown"
        refused = subscriber.wait_for(lambda m: is_result(m, "queued")).json
        assert (refused["status"], refused["reason"]) == ("rejected", "stopping")
        assert subscriber.wait_for(lambda m: has_state(m, "offline")).json["reason"] == "stopped"
        assert [query.size for query in plc.writes] == [7]


def test_with_a_device_that_takes_no_connection(
    make_daemon: MakeDaemon, meter: Device, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    meter.stop()
    daemon = make_daemon(counting(mosquitto.url, meter.port))
    daemon.start()
    subscriber.wait_for(lambda m: has_state(m, "offline", "meter"))

    assert_stops_well(daemon)


def test_twice_in_a_row_is_no_harder(make_daemon: MakeDaemon, meter: Device, line: Line) -> None:
    line.stop()
    daemon = make_daemon(counting(line.url, meter.port))
    daemon.start()
    daemon.wait_for("ready")
    daemon.process.signal(15)

    assert_stops_well(daemon)
