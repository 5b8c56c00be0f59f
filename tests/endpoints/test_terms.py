"""What a broker says it can and can't do, and what is chosen: honoured, or said in words."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.adapter import PermanentError
from gateway.endpoints.contract import Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.listening import SHOWN as REFUSED_SHOWN
from gateway.endpoints.payload import BATCH_TYPE, EVENT_TYPE, encoder_for
from tests.outbox.setup import until
from tests.support.authority import Authority
from tests.support.fakebroker import CONNACK, FakeBroker, packet
from tests.support.mosquitto import Mosquitto
from tests.support.session import SessionLog, connected, message
from tests.support.subscriber import Received, Subscriber

MakeMosquitto = Callable[..., Mosquitto]
IDENTITY = Identity("gw", "cloud", tuple(f"d{number}" for number in range(10)))


def endpoint(url: str, memory: dict[str, Any] | None = None, **more: Any) -> MqttEndpoint:
    config = MqttConfig.model_validate({"type": "mqtt", "url": url, **more})
    return MqttEndpoint(config, IDENTITY, {} if memory is None else memory)


async def arrived(subscriber: Subscriber, count: int) -> list[Received]:
    return await asyncio.to_thread(subscriber.wait_for_many, lambda _: True, count)


def welcome(properties: bytes, *, present: bool = False) -> Callable[[], bytes]:
    """A CONNACK with these (MQTT 5, 3.2.2.3)."""
    return lambda: packet(CONNACK, bytes((present, 0, len(properties))) + properties)


@pytest.mark.parametrize("on", [True, False])
async def test_mosquitto_understands_topics_by_their_numbers(
    mosquitto: Mosquitto, subscriber: Subscriber, on: bool
) -> None:
    cloud = endpoint(mosquitto.url, topic_aliases=on)
    async with connected(cloud) as session:
        for token in range(60):  # of 12 topics; mosquitto has 10 numbers
            cloud.publish(message(token, b"%d" % token, device=f"d{token % 12}"))
        await session.acked(*range(60))
        messages = await arrived(subscriber, 60)
    assert [(m.topic, m.payload) for m in messages] == [
        (f"fieldgate/gw/d{token % 12}/reading", b"%d" % token) for token in range(60)
    ]
    used = cloud._connection._client.aliases
    assert (len(used._numbers) if used is not None else 0) == (10 if on else 0)


async def test_after_a_refusal_topics_are_named_in_full_again() -> None:
    refused = iter([False, True, True, False, False, True, False, False, False])
    with FakeBroker(judge=lambda _: 0x97 if next(refused) else 0) as broker:
        broker.greet = welcome(b"\x22\x00\x0a")
        cloud = endpoint(broker.url)
        async with connected(cloud, said_goodbye=False) as session:
            for token in range(9):
                cloud.publish(message(token, b"%d" % token, device="d1"))
                await session.acked(token)
    assert [ack.code for ack in session.acks] == [0, 0x97, 0x97, 0, 0, 0x97, 0, 0, 0]
    assert [m.topic for m in broker.messages] == ["fieldgate/gw/d1/reading"] * 9


async def test_events_carry_their_content_type_and_plain_envelopes_none(
    mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    event = encoder_for("cloudevents", "gw", "cloud", 1).gateway_status(1, 0, "online", {})
    batch = {"max_messages": 2, "max_age": "10ms"}
    for settings in ({"format": "cloudevents", "batch": batch}, {}, {"format": "cloudevents", "protocol": "3.1.1"}):
        cloud = endpoint(mosquitto.url, **settings)
        async with connected(cloud) as session:
            cloud.publish(message(1, event, "status"))
            cloud.publish(message(2, event))
            cloud.publish(message(3, event))
            cloud.publish(message(4, b"", "status"))
            await session.acked(1, 2, 3, 4)
    kinds = [(getattr(m.properties, "ContentType", None), m.payload[:1]) for m in await arrived(subscriber, 11)]
    assert kinds[:3] == [(EVENT_TYPE, b"{"), (BATCH_TYPE, b"["), (None, b"")]
    assert {kind for kind, _ in kinds[3:]} == {None}


async def test_where_nothing_is_kept_states_go_out_unretained() -> None:
    with FakeBroker() as broker:
        broker.greet = welcome(b"\x25\x00")
        cloud = endpoint(broker.url)
        with structlog.testing.capture_logs() as logs:
            async with connected(cloud, said_goodbye=False) as session:
                cloud.publish(message(1, b"{}", "status"))
                await session.acked(1)
        assert [m.retained for m in broker.messages] == [False]
    assert [each["event"] for each in logs] == ["the broker keeps no states: statuses and births go there unretained"]


async def test_a_broker_that_keeps_no_states_without_saying_so_gets_none_the_next_time() -> None:
    memory: dict[str, Any] = {}
    codes = []
    with FakeBroker(judge=lambda m: 0x9A if m.retained else 0) as broker:
        for _ in range(2):
            cloud = endpoint(broker.url, memory)
            async with connected(cloud, said_goodbye=False) as session:
                cloud.publish(message(1, b"{}", "status"))
                codes += [ack.code for ack in await session.acked(1)]
    assert codes == [0x9A, 0]


async def test_where_there_are_no_wildcards_each_devices_commands_are_subscribed_to() -> None:
    with FakeBroker() as broker:
        broker.greet = welcome(b"\x28\x00")
        async with connected(endpoint(broker.url), said_goodbye=False):
            broker.wait_until(lambda: len(broker.filters) == len(IDENTITY.devices) + 1)
    assert broker.filters == [*(f"fieldgate/gw/{name}/command" for name in IDENTITY.devices), "fieldgate/gw/command"]


async def test_of_many_subscriptions_that_are_refused_some_are_named() -> None:
    with FakeBroker() as broker:
        broker.greet, broker.grants = welcome(b"\x28\x00"), 0x87
        cloud = endpoint(broker.url)
        async with connected(cloud, said_goodbye=False):
            more = f"; and {len(IDENTITY.devices) + 1 - REFUSED_SHOWN} more"
            await until(lambda: (cloud.fault or "").endswith(more))
            assert (cloud.fault or "").count("Not authorized") == REFUSED_SHOWN


async def test_a_session_that_was_not_kept_is_told() -> None:
    memory: dict[str, Any] = {}
    told = []
    with FakeBroker() as broker:
        for present in (False, True, False):
            broker.greet = welcome(b"", present=present)
            with structlog.testing.capture_logs() as logs:
                async with connected(endpoint(broker.url, memory, session_expiry="1h"), said_goodbye=False):
                    told.append([each["event"] for each in logs])
    lost = "the broker has not kept our session: commands sent meanwhile are lost"
    assert told == [[], [], [lost]], "the first time there was none to keep"


async def test_a_session_that_is_kept_for_less_long_is_told() -> None:
    with FakeBroker() as broker:
        broker.greet = welcome(b"\x11\x00\x00\x00\x3c")
        with structlog.testing.capture_logs() as logs:
            async with connected(endpoint(broker.url, session_expiry="1h"), said_goodbye=False):
                pass
    assert [(each["event"], each["seconds"]) for each in logs] == [("the broker keeps our session for less long", 60)]


async def test_topics_can_be_chosen_and_the_will_and_commands_follow(
    mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    topics = {
        "reading": "data/{endpoint}/{device}",
        "command": "to/{device}/{gateway}",
        "gateway_command": "to/{gateway}",
        "gateway_status": "state/{gateway}",
    }
    async with connected(endpoint(mosquitto.url, topics=topics), said_goodbye=False) as session:
        session_cloud = session
        await asyncio.to_thread(mosquitto.wait_for_line, "Sending SUBACK to fieldgate-gw-cloud")
        await asyncio.to_thread(subscriber.publish, "to/boiler/gw", "x")
        await asyncio.to_thread(subscriber.publish, "to/gw", "x")
        await session.until(lambda: len(session.deliveries) == 2)
    assert [each.device for each in session_cloud.deliveries] == ["boiler", ""]
    will = await asyncio.to_thread(subscriber.wait_for, lambda m: m.topic == "state/gw")
    assert will.json["state"] == "offline"


async def test_names_of_devices_that_do_not_go_with_the_topics_park_the_endpoint() -> None:
    cloud = endpoint("mqtt://127.0.0.1", topics={"command": "in/{device}/to", "reading": "in/d3/{device}"})
    cloud._identity = Identity("gw", "cloud", ("d3", "to"))
    with pytest.raises(PermanentError, match="readings of to would be taken for commands"):
        await cloud.run(SessionLog())


def test_what_the_broker_knows_us_as_can_be_printed(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("mill-3")
    config = MqttConfig.model_validate(
        {
            "type": "mqtt",
            "url": ["mqtts://a.example", "wss://b.example/mqtt"],
            "username": "mill",
            "password": "hunter2",
            "tls": {"ca": str(authority.ca), "cert": str(cert), "key": str(key)},
        },
        strict=False,
    )
    told = MqttEndpoint.describe(config, IDENTITY, {"served_by": "b.example:443"})
    assert (told["url"], told["served by"]) == ("mqtts://a.example, wss://b.example/mqtt", "b.example:443")
    assert (told["client id"], told["user name"], told["protocol"]) == ("fieldgate-gw-cloud", "mill", "MQTT 5")
    assert told["commands"] == "fieldgate/gw/+/command, fieldgate/gw/command"
    assert "mill-3" in told["certificate"]
    assert not [each for each in told.values() if "hunter2" in each]
    cert.unlink()
    assert "can't be read" in MqttEndpoint.describe(config, IDENTITY, {})["certificate"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("mqtt://broker.example", True),
        ("ws://10.0.0.1", True),
        ("mqtts://broker.example", False),
        ("mqtt://127.0.0.1", False),
        ("mqtt://[::1]:1883", False),
        ("mqtt://localhost", False),
    ],
)
def test_a_password_in_the_clear_is_advised_against(url: str, told: bool) -> None:
    config = MqttConfig.model_validate({"type": "mqtt", "url": url, "username": "gw", "password": "x"})
    assert ["in the clear" in each.text for each in MqttEndpoint.advice(config)] == [True] * told
    open_to_all = MqttConfig.model_validate({"type": "mqtt", "url": url})
    assert list(MqttEndpoint.advice(open_to_all)) == []
