"""One link is in trouble: it is told, it comes back, and its neighbour notices nothing."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from tests.support.daemon import Daemon
from tests.support.device import Device, Query, React, garbage, hang
from tests.support.envelopes import Envelope, has_state, is_reading, moment, stop_and_collect
from tests.support.mosquitto import Mosquitto
from tests.support.site import FAST, device, endpoint, link, site
from tests.support.subscriber import Subscriber

MakeDaemon = Callable[..., Daemon]

PERIOD_S = 0.2


def two_links(broker: str, good: int, bad: int, **more: Any) -> str:
    points = {"count": {"address": 0, "type": "uint16"}}
    return site(
        endpoint(broker),
        {"plc": link(good), "bad": link(bad, **more)},
        {"meter": device(points, every="200ms"), "poor": device(points, link="bad", every="200ms", timeout="150ms")},
    )


def hang_up(_query: Query) -> None:
    return None


def assert_on_grid(readings: list[Envelope]) -> None:
    """Each slot has exactly one reading; the first one is read at once, wherever the grid stands then."""
    slots = [int(at / PERIOD_S + 1e-6) for at in sorted(map(moment, readings))[1:]]
    assert all(later - earlier == 1 for earlier, later in pairwise(slots)), slots


class Neighbours(NamedTuple):
    """Two devices on links of their own, and a daemon that reads both; each test leaves both well."""

    daemon: Daemon
    good: Device
    bad: Device

    def told(self) -> list[str]:
        """Why links went down so far."""
        return [event["reason"] for event in self.daemon.log if event["event"] == "down"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def neighbours(tmp_path_factory: pytest.TempPathFactory, broker: Mosquitto) -> Iterator[Neighbours]:
    with Device() as good, Device() as bad:
        daemon = Daemon(tmp_path_factory.mktemp("neighbours"), two_links(broker.url, good.port, bad.port))
        daemon.start()
        try:
            yield Neighbours(daemon, good, bad)
        finally:
            daemon.kill()


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [("refuse", "no-link"), (hang, "timeout"), (garbage, "no-link"), (hang_up, "no-link")],
    ids=["refuses", "hangs", "sends garbage", "hangs up"],
)
def test_a_neighbour_keeps_its_grid_beside_a_device_that(
    neighbours: Neighbours, broker: Mosquitto, trouble: React | str, reason: str
) -> None:
    _, good, bad = neighbours
    with Subscriber(broker.port) as subscriber:
        subscriber.wait_for(lambda m: has_state(m, "online", "poor"))
        subscriber.wait_for(lambda m: is_reading(m, "meter"))
        before = len(neighbours.told())
        if isinstance(trouble, str):
            bad.stop()
        else:
            bad.react = trouble

        offline = subscriber.wait_for(lambda m: has_state(m, "offline", "poor")).json
        spoiled = subscriber.wait_for(lambda m: is_reading(m, "poor") and "bad" in m.json).json
        good.wait_for_polls(5)
        bad.react = Query.well
        if isinstance(trouble, str):
            bad.start()
        subscriber.clear()
        subscriber.wait_for(lambda m: has_state(m, "online", "poor"))
        mended = subscriber.wait_for(lambda m: is_reading(m, "poor") and "bad" not in m.json).json

    assert offline["reason"] == reason
    assert spoiled["values"] == {}
    assert spoiled["bad"]["count"] == {"reason": reason}
    assert mended["values"] == {"count": 0}
    told = neighbours.told()[before:]
    assert len(set(told)) == len(told), "each fault is told once"
    assert len(told) <= 2


def test_polls_stay_on_their_grid_while_a_neighbour_fails_again_and_again(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    with Device() as good, Device(garbage) as bad:
        daemon = make_daemon(two_links(mosquitto.url, good.port, bad.port))
        daemon.start()
        subscriber.wait_for_many(lambda m: is_reading(m, "meter"), 12)
        messages = stop_and_collect(daemon, subscriber)

    assert_on_grid([m.json for m in messages if is_reading(m, "meter")])
    assert len(bad.queries) >= 5


def test_the_gateways_status_names_what_is_in_trouble(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    with Device() as good, Device() as bad:
        bad.stop()
        daemon = make_daemon(two_links(mosquitto.url, good.port, bad.port))
        mosquitto.stop()
        daemon.start()
        daemon.wait_for(lambda event: event.get("device") == "meter" and event["state"] == "online")
        daemon.wait_for(lambda event: event.get("device") == "poor")
        mosquitto.start()

        with Subscriber(mosquitto.port, "fieldgate/gw/status") as late:
            trouble = late.wait_for(lambda m: has_state(m, "online")).json["trouble"]

    assert trouble["devices"] == {"poor": "no-link"}
    assert list(trouble["links"]) == ["bad"]
    assert "refuses the connection" in trouble["links"]["bad"]


@pytest.mark.slow
def test_points_nobody_speaks_about_turn_stale_after_ten_seconds(
    make_daemon: MakeDaemon, mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    """An adapter that waits for its connection says nothing, neither well nor ill."""
    rarely = {"reconnect": {**FAST, "min": "1min", "max": "1min"}}
    with Device() as good, Device() as bad:
        make_daemon(two_links(mosquitto.url, good.port, bad.port, **rarely)).start()
        last_good = subscriber.wait_for(lambda m: is_reading(m, "poor")).json
        bad.stop()
        lost = subscriber.wait_for(lambda m: is_reading(m, "poor") and "bad" in m.json).json
        stale = subscriber.wait_for(
            lambda m: is_reading(m, "poor") and m.json.get("bad") == {"count": {"reason": "stale"}}, timeout_s=13
        ).json

    assert lost["bad"] == {"count": {"reason": "no-link"}}
    assert stale["values"] == {}
    assert 9.5 < moment(stale) - moment(last_good) < 11.5
    assert moment(last_good) < moment(lost) < moment(stale)
