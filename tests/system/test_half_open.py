"""A link that swallows everything without a word: how soon it is found dead, and that nothing is lost by it."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Counter, Device
from tests.support.envelopes import assert_all_arrived, catch_up, counts, has_state, says, stop_and_collect
from tests.support.mosquitto import Mosquitto
from tests.support.netns import Cable
from tests.support.site import counting
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

pytestmark = [
    pytest.mark.root,
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(shutil.which("ip") is None, reason="needs ip, of iproute2"),
]

PORT = 1883

LONG = {"keepalive": "10min", "ack_timeout": "10min", "tcp_user_timeout": "10min"}
"""Of each: far longer than any test waits."""

FOUND_S = 10.0
"""When a limit of 2 s must have struck at the latest, on a machine that has other things to do."""


@pytest.fixture
def cable() -> Iterator[Cable]:
    with Cable() as cable:
        yield cable


@pytest.fixture
def meter(cable: Cable) -> Iterator[Device]:
    """At the near end, beside the daemon."""
    device = Device(Counter())
    with cable.near.entered():
        device.start()
    yield device
    device.stop()


@pytest.fixture
def subscriber(cable: Cable, make_mosquitto: Callable[..., Mosquitto]) -> Iterator[Subscriber]:
    """At the far end, beside the broker."""
    with cable.far.entered():
        broker = make_mosquitto((f"listener {PORT} {cable.far.address}",))
        subscriber = Subscriber(broker.port)
        subscriber.start()
    yield subscriber
    subscriber.stop()


@pytest.fixture
def start(cable: Cable, meter: Device, make_daemon: MakeDaemon) -> Callable[..., Daemon]:
    """A daemon at the near end; arguments as of `counting` after the port."""

    def start(cloud: dict[str, Any], **more: Any) -> Daemon:
        url = f"mqtt://{cable.far.address}:{PORT}"
        settings = {**LONG, "connect_timeout": "500ms", **cloud}
        daemon = make_daemon(counting(url, meter.port, cloud=settings, **more))
        with cable.near.entered():
            daemon.start()
        return daemon

    return start


def found_dead(daemon: Daemon, reason: str) -> None:
    """The log says so, and why."""
    daemon.wait_for(lambda event: event.get("event") == "down" and reason in event["reason"], FOUND_S)


@pytest.mark.parametrize(
    "found",
    [("ack_timeout", "no acknowledgement for 2 s"), ("tcp_user_timeout", "Connection timed out")],
    ids=lambda found: str(found[0]),
)
def test_a_link_that_swallows_what_is_published_is_found_dead_by_each_limit_and_costs_no_reading(
    start: Callable[..., Daemon], cable: Cable, meter: Device, subscriber: Subscriber, found: tuple[str, str]
) -> None:
    limit, reason = found
    daemon = start({limit: "2s"})
    subscriber.wait_for(says(5))

    cable.swallow()
    found_dead(daemon, reason)
    meter.wait_for_polls(20)
    cable.mend()
    catch_up(subscriber, meter)
    messages = stop_and_collect(daemon, subscriber)

    assert_all_arrived(counts(messages))
    assert not [m for m in messages if m.topic.endswith("/gap")]


def test_an_idle_link_that_swallows_everything_is_found_dead_by_its_keepalive(
    start: Callable[..., Daemon], cable: Cable, meter: Device, subscriber: Subscriber
) -> None:
    daemon = start({"keepalive": "2s"}, every="1h")
    subscriber.wait_for(says(1))

    cable.swallow()
    found_dead(daemon, "(keepalive)")
    subscriber.clear()
    cable.mend()
    subscriber.wait_for(lambda m: has_state(m, "online"))

    assert len(meter.queries) == 1, "it was idle"
    assert daemon.terminate() == 0


def test_the_last_word_about_the_gateway_is_its_own_though_the_broker_finds_the_old_connection_dead_later(
    start: Callable[..., Daemon], cable: Cable, subscriber: Subscriber
) -> None:
    daemon = start({"ack_timeout": "2s"})
    first = subscriber.wait_for(lambda m: has_state(m, "online"))

    cable.swallow()
    found_dead(daemon, "no acknowledgement")
    cable.mend()
    subscriber.wait_for(lambda m: m.topic == first.topic and m.json.get("reason") == "connection-lost")
    subscriber.wait_for(lambda m: has_state(m, "online") and m.json["seq"] > first.json["seq"])

    assert [m.json["state"] for m in subscriber.messages if m.topic == first.topic][-1] == "online"
    assert daemon.terminate() == 0


def test_a_stop_in_front_of_a_link_that_swallows_everything_ends_in_time_and_keeps_all(
    start: Callable[..., Daemon], cable: Cable, meter: Device, subscriber: Subscriber
) -> None:
    daemon = start({})
    subscriber.wait_for(says(5))

    cable.swallow()
    meter.wait_for_polls(20)
    assert daemon.terminate() == 0
    unread = meter.unread()
    cable.mend()
    with cable.near.entered():
        daemon.start()
    catch_up(subscriber, meter, {unread})
    messages = stop_and_collect(daemon, subscriber)

    assert_all_arrived({*counts(messages), unread})


@pytest.mark.slow
def test_a_link_that_swallows_everything_again_and_again_costs_no_reading(
    start: Callable[..., Daemon], cable: Cable, meter: Device, subscriber: Subscriber
) -> None:
    daemon = start({"ack_timeout": "500ms"})
    for _ in range(5):
        subscriber.wait_for(says(len(meter.queries) + 1))
        cable.swallow()
        meter.wait_for_polls(15)
        cable.mend()
    catch_up(subscriber, meter)
    messages = stop_and_collect(daemon, subscriber)

    assert_all_arrived(counts(messages))
