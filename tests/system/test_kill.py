"""kill -9 at the worst moment, and what is true afterwards."""

from collections.abc import Callable

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device, Query, hang_on_writes
from tests.support.envelopes import (
    assert_all_arrived,
    catch_up,
    counts,
    has_state,
    identity,
    is_reading,
    is_result,
    numbered,
    once,
    says,
    stop_and_collect,
    wait_for_counts,
)
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.site import counting, device, endpoint, link, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

COMMAND = "fieldgate/gw/valve/command"


@pytest.mark.parametrize("interval", ["300ms", pytest.param("0s", marks=pytest.mark.slow)])
def test_what_is_older_than_the_commit_interval_survives_a_kill_in_an_outage(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber, interval: str
) -> None:
    line.stop()
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": interval}))
    kept, unread = [], []
    for _ in range(2):
        daemon.start()
        meter.wait_for_polls(8)
        kept.append(len(meter.queries))
        meter.wait_for_polls(10)  # 450 ms at least
        daemon.kill()
        unread.append(meter.unread())
    daemon.start()
    meter.wait_for_polls(2)

    line.start()
    first_run, second_run = kept
    wait_for_counts(subscriber, [*range(1, first_run + 1), *range(unread[0] + 1, second_run + 1)])
    wait_for_counts(subscriber, [len(meter.queries) + 1])
    messages = stop_and_collect(daemon, subscriber)

    values = counts(messages)
    assert len(set(values)) == len(values)
    sessions = sorted({envelope["session"] for envelope in numbered(messages)})
    assert len(sessions) == 3
    for session in sessions[:2]:
        lane = [m.json["seq"] for m in messages if is_reading(m) and m.json["session"] == session]
        assert lane == sorted(lane)


def test_what_was_sent_but_not_acknowledged_comes_again_under_the_same_identity(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(line.url, meter.port, outbox={"commit_interval": "200ms"}))
    daemon.start()
    catch_up(subscriber, meter)
    subscriber.wait_for(says(len(meter.queries) + 4))  # what waits for an acknowledgement takes others' places
    line.mute()
    subscriber.wait_for(says(len(meter.queries) + 8))
    daemon.kill()
    unread = meter.unread()
    line.thaw()
    daemon.start()
    catch_up(subscriber, meter, {unread})
    messages = stop_and_collect(daemon, subscriber)

    readings = [m.json for m in messages if is_reading(m)]
    assert len({identity(reading) for reading in readings}) < len(readings), "some came twice"
    once(readings)
    assert_all_arrived({*counts(messages), unread})


def valve(broker: str, port: int) -> str:
    """A device that has half a minute to answer."""
    points = {"position": {"address": 0, "type": "uint16", "writable": True}}
    return site(endpoint(broker), {"plc": link(port)}, {"valve": device(points, timeout="30s")})


def test_a_command_that_was_under_way_is_unknown_and_never_repeated(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    with Device(hang_on_writes) as plc:
        daemon = make_daemon(valve(mosquitto.url, plc.port))
        daemon.start()
        subscriber.wait_for(is_reading)
        subscriber.publish(COMMAND, {"id": "open", "write": {"position": 7}})
        plc.wait_for_write()
        daemon.kill()
        plc.react = Query.well

        daemon.start()
        result = subscriber.wait_for(lambda m: is_result(m, "open")).json
        subscriber.publish(COMMAND, {"id": "open", "write": {"position": 7}})
        again = subscriber.wait_for_many(lambda m: is_result(m, "open"), 2)[1].json
        subscriber.publish(COMMAND, {"id": "other", "write": {"position": 8}})
        other = subscriber.wait_for(lambda m: is_result(m, "other")).json

    assert (result["status"], again["status"], other["status"]) == ("unknown", "unknown", "done")
    assert result["detail"]
    assert [query.size for query in plc.writes] == [7, 8]


def test_a_result_waits_for_the_broker_and_survives_a_kill(
    make_daemon: MakeDaemon, line: Line, subscriber: Subscriber
) -> None:
    hanging = [True]

    def react(query: Query) -> bytes:
        if query.function == 6 and hanging[0]:
            line.stop()
        return query.well()

    with Device(react) as plc:
        daemon = make_daemon(valve(line.url, plc.port))
        daemon.start()
        subscriber.wait_for(is_reading)
        subscriber.publish(COMMAND, {"id": "open", "write": {"position": 7}})
        daemon.wait_for(lambda event: event.get("command") == "open")
        daemon.kill()
        line.start()
        daemon.start()
        result = subscriber.wait_for(lambda m: is_result(m, "open")).json

    assert result["status"] == "done"
    assert len(plc.writes) == 1


def test_the_will_says_that_the_connection_is_lost(
    make_daemon: MakeDaemon, meter: Device, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    daemon = make_daemon(counting(mosquitto.url, meter.port))
    daemon.start()
    subscriber.wait_for(is_reading)

    daemon.kill()

    will = subscriber.wait_for(lambda m: has_state(m, "offline")).json
    assert will == {"v": 1, "kind": "status", "gateway": "gw", "state": "offline", "reason": "connection-lost"}
    with Subscriber(mosquitto.port, "fieldgate/gw/status") as late:
        assert late.wait_for(lambda m: m.retained).json == will
