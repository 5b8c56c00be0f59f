"""The MQTT endpoint against a real broker."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from gateway.endpoints.contract import EndpointError, Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.connection import COMMANDS_IN_FLIGHT, LOOK_MIN_S
from gateway.endpoints.mqtt.endpoint import SHOWN_CHARACTERS
from gateway.endpoints.mqtt.party import MAX_PACKET_BYTES
from gateway.endpoints.payload import last_will
from tests.outbox.setup import until
from tests.support.mosquitto import Mosquitto
from tests.support.session import SessionLog, connected, message
from tests.support.subscriber import Received, Subscriber

MakeMosquitto = Callable[..., Mosquitto]
VERSIONS = pytest.mark.parametrize("protocol", [5, "3.1.1"])


def endpoint(broker: Mosquitto, **more: Any) -> MqttEndpoint:
    config = MqttConfig.model_validate({"type": "mqtt", "url": broker.url, **more})
    return MqttEndpoint(config, Identity("gw", "cloud", ("boiler",)), {})


async def arrived(subscriber: Subscriber, count: int) -> list[Received]:
    """The first so many messages under our root."""
    return await asyncio.to_thread(subscriber.wait_for_many, lambda m: m.topic.startswith("fieldgate/"), count)


async def publish(subscriber: Subscriber, topic: str, payload: Any, **more: Any) -> None:
    await asyncio.to_thread(lambda: subscriber.publish(topic, payload, **more))


async def said(broker: Mosquitto, part: str) -> str:
    """A line of the broker's log."""
    return await asyncio.to_thread(broker.wait_for_line, part)


@VERSIONS
async def test_every_kind_arrives_on_its_topic_and_is_acknowledged(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    cloud = endpoint(mosquitto, protocol=protocol)
    async with connected(cloud) as session:
        kinds = [("reading", "boiler"), ("status", "boiler"), ("birth", "boiler"), ("result", "boiler")]
        kinds += [("status", ""), ("birth", ""), ("gap", ""), ("gap", "boiler")]
        for token, (kind, device) in enumerate(kinds):
            cloud.publish(message(token, b'{"token":%d}' % token, kind, device))
        assert {ack.code for ack in await session.acked(*range(len(kinds)))} == {0}
        messages = await arrived(subscriber, len(kinds))
        assert [(m.topic, m.qos) for m in messages] == [
            ("fieldgate/gw/boiler/reading", 1),
            ("fieldgate/gw/boiler/status", 1),
            ("fieldgate/gw/boiler/birth", 1),
            ("fieldgate/gw/boiler/result", 1),
            ("fieldgate/gw/status", 1),
            ("fieldgate/gw/birth", 1),
            ("fieldgate/gw/gap", 1),
            ("fieldgate/gw/gap", 1),
        ]
        assert [m.json["token"] for m in messages] == list(range(len(kinds)))


@VERSIONS
async def test_only_what_is_to_be_retained_is(mosquitto: Mosquitto, protocol: Any) -> None:
    cloud = endpoint(mosquitto, protocol=protocol)
    async with connected(cloud) as session:
        cloud.publish(message(1, b'{"state":"online"}', "status"))
        cloud.publish(message(2, b'{"values":{}}', "reading"))
        await session.acked(1, 2)
        late = Subscriber(mosquitto.port)
        await asyncio.to_thread(late.start)
        assert [(m.topic, m.retained) for m in await arrived(late, 1)] == [("fieldgate/gw/boiler/status", True)]
        cloud.publish(message(3, b"", "status"))
        await session.acked(3)
        later = Subscriber(mosquitto.port)
        await asyncio.to_thread(later.start)
        assert later.messages == [], "an empty payload clears the topic"
        for one in (late, later):
            await asyncio.to_thread(one.stop)


@VERSIONS
async def test_a_broker_that_vanishes_ends_the_connection(make_mosquitto: MakeMosquitto, protocol: Any) -> None:
    broker = make_mosquitto()
    with pytest.raises(EndpointError):  # noqa: PT012 -- it is raised at the end of the context
        async with connected(endpoint(broker, protocol=protocol)) as session:
            await asyncio.to_thread(broker.kill)
            await session.ended_early()


@VERSIONS
async def test_after_a_goodbye_a_stop_is_polite_and_leaves_no_will(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    async with connected(endpoint(mosquitto, protocol=protocol)):
        pass
    await said(mosquitto, "Received DISCONNECT from fieldgate-gw-cloud")
    await publish(subscriber, "fieldgate/after", "x")
    assert [m.topic for m in await arrived(subscriber, 1)] == ["fieldgate/after"]


@VERSIONS
async def test_without_a_goodbye_a_stop_leaves_the_will(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    async with connected(endpoint(mosquitto, protocol=protocol), said_goodbye=False):
        pass
    (will,) = await arrived(subscriber, 1)
    assert (will.topic, will.payload) == ("fieldgate/gw/status", last_will("gw"))
    assert not [line for line in mosquitto.log if "Received DISCONNECT from fieldgate-gw-cloud" in line]


async def test_an_error_of_the_connection_leaves_the_will(
    mosquitto: Mosquitto, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = endpoint(mosquitto, ack_timeout="40ms")
    with pytest.raises(EndpointError, match="no acknowledgement"):  # noqa: PT012 -- as above
        async with connected(cloud, said_goodbye=False) as session:
            monkeypatch.setattr(cloud._connection._client, "on_success", lambda _: None)
            cloud.publish(message(1, b"{}", "status", ""))
            await session.ended_early()
    assert [m.payload for m in await arrived(subscriber, 2)] == [b"{}", last_will("gw")]


@VERSIONS
async def test_a_connection_that_is_cut_leaves_its_will_retained(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    cloud = endpoint(mosquitto, protocol=protocol)
    with pytest.raises(EndpointError):  # noqa: PT012 -- it is raised at the end of the context
        async with connected(cloud):
            cloud._connection._client.wire.abort()
            (will,) = await arrived(subscriber, 1)
    assert (will.topic, will.payload, will.qos) == ("fieldgate/gw/status", last_will("gw"), 1)
    late = Subscriber(mosquitto.port)
    await asyncio.to_thread(late.start)
    assert (await arrived(late, 1))[0].retained
    await asyncio.to_thread(late.stop)


@VERSIONS
async def test_a_command_is_delivered_with_its_device(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    async with connected(endpoint(mosquitto, protocol=protocol)) as session:
        await said(mosquitto, "Sending SUBACK to fieldgate-gw-cloud")
        for topic in ("fieldgate/gw/boiler/command", "fieldgate/gw/command", "fieldgate/gw/kettle/command"):
            await publish(subscriber, topic, topic)
        await session.until(lambda: len(session.deliveries) == 3)
        assert [(d.device, d.retained) for d in session.deliveries] == [
            ("boiler", False),
            ("", False),
            ("kettle", False),
        ]
        assert session.deliveries[0].payload == b"fieldgate/gw/boiler/command"
        for delivery in session.deliveries:
            delivery.accept()
        for _ in range(3):
            await said(mosquitto, "Received PUBACK from fieldgate-gw-cloud")


async def test_what_mqtt_5_says_of_a_command_is_passed_on(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    async with connected(endpoint(mosquitto)) as session:
        await said(mosquitto, "Sending SUBACK to fieldgate-gw-cloud")
        await publish(
            subscriber,
            "fieldgate/gw/boiler/command",
            "x",
            retain=True,
            ResponseTopic="fieldgate/me",
            CorrelationData=b"\x00\x01",
            MessageExpiryInterval=30,
        )
        await session.until(lambda: session.deliveries)
        (delivery,) = session.deliveries
        assert (delivery.reply_to, delivery.correlation, delivery.retained) == ("fieldgate/me", b"\x00\x01", True)
        assert delivery.expires_in_s == 30


@VERSIONS
async def test_a_retained_command_is_told_from_a_live_one_when_we_connect(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    await publish(subscriber, "fieldgate/gw/boiler/command", "old", retain=True)
    async with connected(endpoint(mosquitto, protocol=protocol)) as session:
        await session.until(lambda: session.deliveries)
        assert session.deliveries[0].retained


async def test_a_listener_that_takes_no_commands_subscribes_to_none(mosquitto: Mosquitto) -> None:
    cloud = endpoint(mosquitto, commands=False)
    async with connected(cloud) as session:
        cloud.publish(message(1))
        await session.acked(1)
    assert not [line for line in mosquitto.log if "SUBSCRIBE from fieldgate-gw-cloud" in line]


@VERSIONS
async def test_a_command_that_was_not_acknowledged_comes_again_where_the_session_is_kept(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    async with connected(endpoint(mosquitto, protocol=protocol, session_expiry="1h")) as session:
        await said(mosquitto, "Sending SUBACK to fieldgate-gw-cloud")
        for number in (b"1", b"2"):
            await publish(subscriber, "fieldgate/gw/boiler/command", number)
        await session.until(lambda: len(session.deliveries) == 2)
        session.deliveries[0].accept()
    await publish(subscriber, "fieldgate/gw/boiler/command", b"3")
    async with connected(endpoint(mosquitto, protocol=protocol, session_expiry="1h")) as session:
        await session.until(lambda: len(session.deliveries) == 2)
        assert [d.payload for d in session.deliveries] == [b"2", b"3"]


@VERSIONS
async def test_where_the_session_is_not_kept_nothing_waits_for_us(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    async with connected(endpoint(mosquitto, protocol=protocol)) as session:
        await said(mosquitto, "Sending SUBACK to fieldgate-gw-cloud")
        await publish(subscriber, "fieldgate/gw/boiler/command", b"1")
        await session.until(lambda: session.deliveries)
    await publish(subscriber, "fieldgate/gw/boiler/command", b"2")
    cloud = endpoint(mosquitto, protocol=protocol)
    async with connected(cloud) as session:
        await publish(subscriber, "fieldgate/gw/boiler/command", b"3")
        await session.until(lambda: session.deliveries)
        assert [d.payload for d in session.deliveries] == [b"3"]


async def test_no_more_commands_come_than_we_say_we_take(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    cloud = endpoint(mosquitto)
    async with connected(cloud) as session:
        await said(mosquitto, "Sending SUBACK to fieldgate-gw-cloud")
        for number in range(COMMANDS_IN_FLIGHT + 5):
            await publish(subscriber, "fieldgate/gw/boiler/command", b"%d" % number)
        cloud.publish(message(1))
        await session.acked(1)
        assert len(session.deliveries) == COMMANDS_IN_FLIGHT
        for delivery in list(session.deliveries):
            delivery.accept()
        await session.until(lambda: len(session.deliveries) == COMMANDS_IN_FLIGHT + 5)
        assert [d.payload for d in session.deliveries] == [b"%d" % number for number in range(COMMANDS_IN_FLIGHT + 5)]


COMMAND_HEAD_BYTES = len("fieldgate/gw/boiler/command") + 4
"""Topic with its length, and packet id (MQTT 3.1.1, 3.3.2)."""


async def test_a_command_as_large_as_a_packet_may_be_is_delivered(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    payload = bytes(MAX_PACKET_BYTES - COMMAND_HEAD_BYTES)
    async with connected(endpoint(mosquitto, protocol="3.1.1")) as session:
        await said(mosquitto, "Sending SUBACK to fieldgate-gw-cloud")
        await publish(subscriber, "fieldgate/gw/boiler/command", payload)
        await session.until(lambda: session.deliveries)
        assert session.deliveries[0].payload == payload


async def test_a_packet_that_is_larger_ends_the_connection(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    with pytest.raises(EndpointError, match=r"a packet of 131073 bytes, more than 131072"):  # noqa: PT012 -- as above
        async with connected(endpoint(mosquitto, protocol="3.1.1")) as session:
            await said(mosquitto, "Sending SUBACK to fieldgate-gw-cloud")
            payload = bytes(MAX_PACKET_BYTES - COMMAND_HEAD_BYTES + 1)
            await publish(subscriber, "fieldgate/gw/boiler/command", payload)
            await session.ended_early()
    assert session.deliveries == []


async def test_with_mqtt_5_the_broker_keeps_what_is_too_large_to_itself(
    mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    async with connected(endpoint(mosquitto)) as session:
        await said(mosquitto, "Sending SUBACK to fieldgate-gw-cloud")
        await publish(subscriber, "fieldgate/gw/boiler/command", bytes(MAX_PACKET_BYTES))
        await publish(subscriber, "fieldgate/gw/boiler/command", b"x")
        await session.until(lambda: session.deliveries)
        assert [d.payload for d in session.deliveries] == [b"x"]


async def test_a_retained_monster_ends_the_connection_before_there_is_any_progress(
    mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    await publish(subscriber, "fieldgate/gw/boiler/command", bytes(1024 * 1024), retain=True)
    cloud = endpoint(mosquitto, protocol="3.1.1")
    with pytest.raises(EndpointError, match="retained message on a command topic"):  # noqa: PT012 -- as above
        async with connected(cloud) as session:
            cloud.publish(message(1))
            await session.ended_early()
    assert session.acks == [], "so that the pauses between the attempts grow"


@VERSIONS
@pytest.mark.parametrize("after", [b"\x20\x03\x00\x00\x00", b""], ids=["connected", "at once"])
async def test_what_a_broker_announces_is_not_kept_before_it_is_known_to_be_bearable(
    protocol: Any, after: bytes
) -> None:
    """150 MB are announced, in the fewest bytes that a fixed header may have."""

    async def announce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        connack = after if protocol == 5 else after.replace(b"\x03\x00\x00\x00", b"\x02\x00\x00")
        writer.write(connack + b"\x32\x80\xa3\xc3\x47" + bytes(1024 * 1024))
        try:
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(announce, "127.0.0.1", 0)
    async with server:
        config = MqttConfig.model_validate({"type": "mqtt", "url": url(server), "protocol": protocol})
        cloud = MqttEndpoint(config, Identity("gw", "cloud", ()), {})
        with pytest.raises(EndpointError, match="a packet of 150000000 bytes"):
            await cloud.run(SessionLog(said_goodbye=False))
    assert cloud._search._connection is not None
    assert cloud._search._connection._client._in_packet["packet"] == b""


@pytest.mark.parametrize(("ours", "theirs", "window"), [(100, 5, 5), (3, 5, 3), (100, 0, 100)])
async def test_the_window_is_the_smaller_of_ours_and_the_brokers(
    make_mosquitto: MakeMosquitto, ours: int, theirs: int, window: int
) -> None:
    broker = make_mosquitto((f"max_inflight_messages {theirs}",))
    async with connected(endpoint(broker, window=ours)) as session:
        assert session.window == window


@pytest.mark.parametrize("form", ["fieldgate", "cloudevents"])
async def test_the_brokers_largest_packet_leaves_room_for_the_longest_topic(
    make_mosquitto: MakeMosquitto, form: str
) -> None:
    broker = make_mosquitto(("max_packet_size 5000",))
    cloud = endpoint(broker, format=form)
    async with connected(cloud) as session:
        assert session.max_bytes > 4800
        for token in range(3):  # the second time it goes with an alias for it, then with that alone
            cloud.publish(message(token, bytes(session.max_bytes), device="x" * 64))
        assert {ack.code for ack in await session.acked(0, 1, 2)} == {0}


@VERSIONS
async def test_many_packets_in_one_read_are_all_taken(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    cloud = endpoint(mosquitto, protocol=protocol, window=2000)
    async with connected(cloud) as session:
        for token in range(1000):
            cloud.publish(message(token, b'{"token":%d}' % token))
        await session.acked(*range(1000))
        assert [ack.token for ack in session.acks] == list(range(1000))
        assert len(session.batches) < 500, "acknowledgements that come together are told together"
        assert len(await arrived(subscriber, 1000)) == 1000


async def test_a_message_nobody_subscribed_to_is_a_success(mosquitto: Mosquitto) -> None:
    cloud = endpoint(mosquitto)
    async with connected(cloud) as session:
        cloud.publish(message(1))
        assert (await session.acked(1))[0].code == 0
    assert "Sending PUBACK" in await said(mosquitto, "rc16"), "MQTT 5, 3.4.2.1: 0x10"


@VERSIONS
async def test_after_every_way_of_an_acknowledgement_paho_forgets_the_message(
    mosquitto: Mosquitto, protocol: Any
) -> None:
    cloud = endpoint(mosquitto, protocol=protocol)
    watcher = Subscriber(mosquitto.port, "fieldgate/gw/boiler/status")
    await asyncio.to_thread(watcher.start)
    async with connected(cloud) as session:
        for token in range(20):
            cloud.publish(message(token, b"{}", "status" if token % 2 else "reading"))
        await session.acked(*range(20))
        assert len(cloud._connection._client._out_messages) == 0
        assert cloud._connection._client._inflight_messages == 0
        assert cloud._outgoing.in_flight == {}
    await asyncio.to_thread(watcher.stop)


def acl(folder: Path, *lines: str) -> tuple[str, ...]:
    path = folder / "acl"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return (f"acl_file {path}",)


async def test_a_publish_the_access_list_denies_is_a_failure_of_the_endpoint(
    make_mosquitto: MakeMosquitto, tmp_path: Path
) -> None:
    broker = make_mosquitto(acl(tmp_path, "topic read #", "topic write fieldgate/gw/+/status"))
    cloud = endpoint(broker)
    async with connected(cloud) as session:
        cloud.publish(message(1, kind="status"))
        cloud.publish(message(2))
        good, denied = sorted(await session.acked(1, 2), key=lambda ack: ack.token)
        assert (good.code, denied.code, denied.about_message) == (0, 0x87, False)
        assert "0x87" in denied.text
        assert cloud._outgoing.in_flight == {}
        assert len(cloud._connection._client._out_messages) == 0


@pytest.mark.parametrize("says", [b"\x00\x87\x87", None], ids=["no", "nothing"])
async def test_a_subscription_the_broker_refuses_or_passes_over_is_told_and_the_connection_goes_on(
    says: bytes | None,
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"\x20\x03\x00\x00\x00")
        while (await reader.read(1)) != b"\x82":
            pass
        await reader.read(1)
        packet_id = await reader.read(2)
        if says is not None:
            writer.write(b"\x90\x05" + packet_id + says)
        try:
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        config = MqttConfig.model_validate({"type": "mqtt", "url": url(server), "ack_timeout": "50ms"})
        cloud = MqttEndpoint(config, Identity("gw", "cloud", ()), {})
        with structlog.testing.capture_logs() as logs:
            async with connected(cloud) as session:
                await until(lambda: logs)
                assert not session.over
    if says is None:
        assert [event["event"] for event in logs] == ["the broker does not answer our subscription to commands"]
        assert (cloud.fault or "").startswith("no commands come: the broker does not answer")
        return
    assert [event["event"] for event in logs] == ["the broker refuses our subscription to commands"]
    why = [
        f"{topic}: 0x87 Not authorized (the broker's access list does not allow this to us)"
        for topic in ("fieldgate/gw/+/command", "fieldgate/gw/command")
    ]
    assert logs[0]["why"] == why
    assert cloud.fault == f"no commands come: the broker refuses our subscription to {'; '.join(why)}"


def url(server: asyncio.Server) -> str:
    return f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@VERSIONS
@pytest.mark.parametrize(
    "login", [{}, {"username": "gw"}, {"username": "gw", "password": "wrong"}], ids=["none", "half", "wrong"]
)
async def test_a_refused_login_says_what_to_look_at(
    make_mosquitto: MakeMosquitto, protocol: Any, login: dict[str, str]
) -> None:
    broker = make_mosquitto((), {"gw": "secret-enough"})
    with pytest.raises(EndpointError, match=r"refuses us.*check username"):
        await endpoint(broker, protocol=protocol, **login).run(SessionLog())


@VERSIONS
async def test_a_login_is_made(make_mosquitto: MakeMosquitto, protocol: Any) -> None:
    broker = make_mosquitto((), {"gw": "secret-enough"})
    login = {"username": "gw", "password": "secret-enough"}
    async with connected(endpoint(broker, protocol=protocol, **login)) as session:
        assert session.window


async def test_a_reply_goes_where_the_sender_wants_it_with_its_mark(
    mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    cloud = endpoint(mosquitto, reply_prefix="apps")
    async with connected(cloud) as session:
        cloud.reply("fieldgate/me", b"\x07", b"1")
        cloud.reply("apps/me", None, b"2")
        for forbidden in (
            "fieldgate",
            "other/me",
            "fieldgate/#",
            "fieldgate/+/x",
            "apps",
            "appsolute/me",
            "$SYS/x",
            "",
        ):
            cloud.reply(forbidden, None, b"never")
        assert len(cloud._connection._client._out_messages) == 0, "a reply takes no place in the window"
        cloud.publish(message(1, b"3"))
        await session.acked(1)
        messages = await asyncio.to_thread(subscriber.wait_for_many, lambda _: True, 3)
        assert [(m.topic, m.payload, m.qos) for m in messages] == [
            ("fieldgate/me", b"1", 0),
            ("apps/me", b"2", 0),
            ("fieldgate/gw/boiler/reading", b"3", 1),
        ]
        assert messages[0].properties.CorrelationData == b"\x07"
        assert [ack.token for ack in session.acks] == [1], "nobody waits for a courtesy"


async def test_replies_that_are_not_sent_are_told_once(mosquitto: Mosquitto) -> None:
    cloud = endpoint(mosquitto)
    async with connected(cloud):
        with structlog.testing.capture_logs() as logs:
            for number in range(50):
                cloud.reply(f"other/{number}" + "x" * 60_000, None, b"never")
    assert [event["event"] for event in logs] == ["response topic refused"]
    assert len(logs[0]["topic"]) == SHOWN_CHARACTERS


@pytest.mark.parametrize(
    ("topic", "mark", "payload"),
    [("x" * 10, b"", 4900), ("x" * 2000, b"", 2900), ("x" * 10, bytes(2000), 2900)],
    ids=["payload", "topic", "mark"],
)
async def test_a_reply_the_broker_would_not_take_is_not_sent(
    make_mosquitto: MakeMosquitto, topic: str, mark: bytes, payload: int
) -> None:
    cloud = endpoint(make_mosquitto(("max_packet_size 5000",)))
    async with connected(cloud) as session:
        with structlog.testing.capture_logs() as logs:
            cloud.reply(f"fieldgate/{topic}", mark, bytes(payload))
        assert [event["event"] for event in logs] == ["reply too large for the broker"]
        cloud.publish(message(1))
        await session.acked(1)


async def test_with_mqtt_3_there_are_no_replies(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    cloud = endpoint(mosquitto, protocol="3.1.1")
    async with connected(cloud) as session:
        cloud.reply("fieldgate/me", None, b"never")
        cloud.publish(message(1, b"1"))
        await session.acked(1)
        assert [m.payload for m in await arrived(subscriber, 1)] == [b"1"]


async def test_a_publish_without_a_word_for_too_long_ends_the_connection(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = endpoint(mosquitto, ack_timeout="40ms")
    with pytest.raises(EndpointError, match=r"no acknowledgement for 0\.04 s"):  # noqa: PT012 -- as above
        async with connected(cloud) as session:
            monkeypatch.setattr(cloud._connection._client.wire, "flush", lambda: None)
            cloud.publish(message(1))
            await session.ended_early()


@VERSIONS
@pytest.mark.parametrize(
    "settings", [{"keepalive": "1s"}, {"keepalive": "65535s"}, {"session_expiry": "4294967294s"}], ids=str
)
async def test_a_broker_takes_what_the_configuration_takes(
    mosquitto: Mosquitto, protocol: Any, settings: dict[str, str]
) -> None:
    cloud = endpoint(mosquitto, protocol=protocol, **settings)
    async with connected(cloud) as session:
        cloud.publish(message(1))
        await session.acked(1)


async def test_however_short_time_limits_are_they_are_looked_after_in_pauses(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = endpoint(mosquitto, ack_timeout="1ms")
    looks: list[float] = []
    async with connected(cloud):
        monkeypatch.setattr(cloud._connection._client, "loop_misc", lambda: looks.append(cloud._loop.time()))
        await asyncio.sleep(5 * LOOK_MIN_S)
    assert 1 <= len(looks) <= 5


async def test_of_two_clients_with_one_name_the_first_ends(mosquitto: Mosquitto) -> None:
    with pytest.raises(EndpointError):
        async with connected(endpoint(mosquitto)) as first, connected(endpoint(mosquitto)):
            await first.ended_early()


async def test_a_broker_that_says_why_it_hangs_up_is_quoted() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"\x20\x03\x00\x00\x00" + b"\xe0\x02\x8e\x00")
        try:
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        config = MqttConfig.model_validate({"type": "mqtt", "url": url(server)})
        with pytest.raises(EndpointError, match="Session taken over"):
            await MqttEndpoint(config, Identity("gw", "cloud", ()), {}).run(SessionLog())


async def test_root_and_client_id_can_be_chosen(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    cloud = endpoint(mosquitto, root="site/7", client_id="mine")
    async with connected(cloud) as session:
        cloud.publish(message(1))
        await session.acked(1)
        found = await asyncio.to_thread(subscriber.wait_for, lambda m: m.topic == "site/7/gw/boiler/reading")
        assert found.qos == 1
    await said(mosquitto, " as mine ")
