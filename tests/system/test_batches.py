"""Readings that travel in batches, on the whole daemon."""

from collections.abc import Callable

from tests.support.daemon import Daemon
from tests.support.device import Device
from tests.support.envelopes import (
    assert_all_arrived,
    catch_up,
    counts,
    envelopes_in,
    has_state,
    numbered,
    once,
    says,
    stop_and_collect,
)
from tests.support.fakebroker import FakeBroker
from tests.support.line import Line
from tests.support.mosquitto import Mosquitto
from tests.support.schema import assert_batch
from tests.support.site import counting
from tests.support.subscriber import Received, Subscriber

MakeDaemon = Callable[..., Daemon]

TEN = {"max_messages": 10, "max_age": "1h"}
"""No batch of these leaves because of its age."""


EARLY = 5
"""What was read up to here may be older than the connection, and then comes behind what is newer."""


def is_batch(message: Received) -> bool:
    return message.topic == "fieldgate/gw/batch"


def test_readings_arrive_in_arrays_as_the_schema_says_and_nothing_else_does(
    make_daemon: MakeDaemon, meter: Device, subscriber: Subscriber, mosquitto: Mosquitto
) -> None:
    daemon = make_daemon(counting(mosquitto.url, meter.port, cloud={"batch": TEN}))
    daemon.start()
    subscriber.wait_for(says(30))
    messages = stop_and_collect(daemon, subscriber)

    batches = [m for m in messages if is_batch(m)]
    for batch in batches:
        assert_batch(batch.payload)
    assert {len(batch.json) for batch in batches[1:-1]} == {10}, "the first is sent before the device's first status"
    assert not [m for m in messages if m.topic.endswith("/reading")]
    assert {m.topic for m in messages if not is_batch(m)} == {
        "fieldgate/gw/status",
        "fieldgate/gw/birth",
        "fieldgate/gw/meter/status",
        "fieldgate/gw/meter/birth",
    }
    assert_all_arrived(counts(messages))


def test_at_a_stop_the_batch_that_is_not_full_arrives_before_the_goodbye(
    make_daemon: MakeDaemon, meter: Device, subscriber: Subscriber, mosquitto: Mosquitto
) -> None:
    daemon = make_daemon(counting(mosquitto.url, meter.port, cloud={"batch": {**TEN, "max_messages": 1000}}))
    daemon.start()
    meter.wait_for_polls(20)
    messages = stop_and_collect(daemon, subscriber)

    assert_all_arrived(counts(messages))
    assert len(counts(messages)) >= len(meter.queries) - 1, "the last one may have been cut short"
    assert has_state(messages[-1], "offline")
    assert is_batch(messages[-2])


def test_what_waited_during_an_outage_arrives_in_batches_and_in_order(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    batch = {"max_messages": 20, "max_age": "100ms"}
    daemon = make_daemon(counting(line.url, meter.port, cloud={"batch": batch}, outbox={"backlog_rate": "1000/s"}))
    daemon.start()
    subscriber.wait_for(says(5))
    line.stop()
    meter.wait_for_polls(60)

    line.start()
    catch_up(subscriber, meter)
    messages = stop_and_collect(daemon, subscriber)

    waited = [value for value in counts(messages) if 10 < value < 55]
    assert waited == list(range(11, 55))
    assert any(len(m.json) == 20 for m in messages if is_batch(m))


def test_with_a_window_of_one_publish_a_backlog_does_not_wait_for_the_age_of_batches(
    make_daemon: MakeDaemon, meter: Device, line: Line, subscriber: Subscriber
) -> None:
    line.stop()
    daemon = make_daemon(counting(line.url, meter.port, cloud={"batch": TEN, "window": 1}))
    daemon.start()
    meter.wait_for_polls(40)

    line.start()
    catch_up(subscriber, meter)
    messages = stop_and_collect(daemon, subscriber)

    assert_all_arrived(counts(messages))


def test_one_reading_that_is_refused_for_good_costs_its_batch_nothing_else(
    make_daemon: MakeDaemon, meter: Device
) -> None:
    def judge(message: Received) -> int:
        return 0x99 if any(e.get("values", {}).get("count") == 25 for e in envelopes_in(message)) else 0

    with FakeBroker(judge) as broker:
        daemon = make_daemon(counting(broker.url, meter.port, cloud={"batch": TEN}))
        daemon.start()
        broker.wait_until(lambda: any(m.topic == "fieldgate/gw/gap" for m in broker.messages))
        broker.wait_until(lambda: max(counts(broker.messages), default=0) >= 40)

        gap = next(m.json for m in broker.messages if m.topic == "fieldgate/gw/gap")
        envelopes = numbered(broker.messages)
        refused = next(e for e in envelopes if e.get("values", {}).get("count") == 25)
        assert (gap["reason"], gap["count"], gap["from"], gap["to"]) == ("refused", 1, refused["seq"], refused["seq"])
        accepted = [m for m in broker.messages if judge(m) == 0]
        values = counts(accepted)
        assert sorted(values) == [*range(1, 25), *range(26, max(values) + 1)]
        live = [value for value in values if value > EARLY]
        assert live == sorted(live)
        assert len(once(envelopes)) < len(envelopes), "tried again"
        assert broker.connections == 1
