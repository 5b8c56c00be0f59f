"""A daemon that speaks CloudEvents, in batches, to a broker that takes no large messages."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.published.described import assert_described
from tests.support.daemon import Daemon
from tests.support.envelopes import envelopes_in, has_state, is_result
from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.schema import assert_event
from tests.support.subscriber import Received, Subscriber

PACKET_BYTES = 4000
POINTS = [f"a-point-with-a-name-that-takes-its-room-{number:02}" for number in range(80)]
SITE: dict[str, Any] = {
    "version": 1,
    "gateway": {"id": "gw"},
    "links": {"plc": {"adapter": "modbus", "transport": "tcp", "host": "127.0.0.1"}},
    "devices": {
        "boiler": {
            "link": "plc",
            "every": "100ms",
            "points": {name: {"address": at, "type": "uint16"} for at, name in enumerate(POINTS, start=1)},
        }
    },
}


@pytest.fixture
def small_broker(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path, (f"max_packet_size {PACKET_BYTES}",))
    broker.start()
    yield broker
    broker.kill()


def site(broker: Mosquitto, server: ModbusServer) -> str:
    cloud = {
        "type": "mqtt",
        "url": broker.url,
        "format": "cloudevents",
        "batch": {"max_messages": 10, "max_age": "50ms"},
    }
    plc = {**SITE["links"]["plc"], "port": server.port}
    return json.dumps({**SITE, "endpoints": {"cloud": cloud}, "links": {"plc": plc}})


def events_in(message: Received) -> list[Any]:
    """Each followed to its schema; of a batch, too."""
    if not message.topic.endswith("/batch"):
        return [assert_event(message.payload)]
    return [assert_event(json.dumps(event, separators=(",", ":")).encode()) for event in message.json]


def says(kind: str, **members: object) -> Callable[[Received], bool]:
    def matches(message: Received) -> bool:
        found = [] if message.topic.endswith("/command") else envelopes_in(message)
        return any(each["kind"] == kind and members.items() <= each.items() for each in found)

    return matches


def test_every_message_is_an_event_as_published_and_small_enough_and_tells_all(
    small_broker: Mosquitto, modbus_server: ModbusServer, make_daemon: Callable[..., Daemon]
) -> None:
    with Subscriber(small_broker.port) as subscriber:
        daemon = make_daemon(site(small_broker, modbus_server))
        daemon.start()
        subscriber.wait_for(says("reading"))
        assert daemon.terminate() == 0
        subscriber.wait_for(lambda m: has_state(m, "offline"))
        subscriber.clear()
        daemon.start()  # it knows from now on what the broker takes
        subscriber.wait_for_many(says("reading"), 5)
        question = {"id": "c-1", "read": POINTS}
        subscriber.publish("fieldgate/gw/boiler/command", question, ResponseTopic="fieldgate/answers")
        subscriber.wait_for(lambda m: is_result(m, "c-1"))
        copy = subscriber.wait_for(lambda m: m.topic == "fieldgate/answers")
        daemon.kill()
        subscriber.wait_for(says("status", reason="connection-lost"))
        messages = [message for message in subscriber.messages if not message.topic.endswith(("command", "answers"))]

    for message in messages:
        assert_described(message.topic, message.json)
        assert len(message.payload) < PACKET_BYTES
    events = [event for message in messages for event in events_in(message)]
    kinds = ("reading", "birth", "status", "result")
    assert {event["type"] for event in events} == {f"io.fieldgate.{kind}.v1" for kind in kinds}, "and no gap"
    ids = [event["id"] for event in events if event["type"] == "io.fieldgate.reading.v1"]
    assert len(ids) == len(set(ids))
    births = [event["data"] for event in events if event["data"]["kind"] == "birth" and "subject" in event]
    assert [birth["part"] for birth in births] == list(range(1, births[0]["parts"] + 1))
    assert [name for birth in births for name in birth["points"]] == POINTS
    answer = assert_event(copy.payload)["data"]
    assert (answer["command"], answer["status"], answer["reason"]) == ("c-1", "done", "too-large")
    assert "values" not in answer
    told = dict[str, list[str]]()
    for event in events:
        if event["data"]["kind"] == "reading":
            told.setdefault(event["time"], []).extend(event["data"]["values"])
    assert POINTS in told.values()
