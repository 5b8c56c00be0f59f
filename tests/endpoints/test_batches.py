"""The MQTT endpoint when it sends readings in batches."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from gateway.endpoints.contract import Ack, Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.mqtt.batch import BRACKETS_BYTES
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.outgoing import LARGEST_IN_FLIGHT, WINDOW_MESSAGES
from tests.support.fakebroker import FakeBroker
from tests.support.mosquitto import Mosquitto
from tests.support.session import SessionLog, connected, message
from tests.support.subscriber import Received, Subscriber

MakeMosquitto = Callable[..., Mosquitto]

NEVER = "1h"
"""A `max_age` that no test waits for."""


def endpoint(url: str, batch: dict[str, Any], **more: Any) -> MqttEndpoint:
    config = MqttConfig.model_validate({"type": "mqtt", "url": url, "batch": {"max_age": NEVER, **batch}, **more})
    return MqttEndpoint(config, Identity("gw", "cloud", ("boiler",)), {})


def envelope(token: int) -> bytes:
    return b'{"token":%d}' % token


def tokens(received: Received) -> list[int]:
    """Of a batch, or of one envelope."""
    body = received.json
    return [each["token"] for each in body] if isinstance(body, list) else [body["token"]]


async def arrived(subscriber: Subscriber, count: int) -> list[Received]:
    return await asyncio.to_thread(subscriber.wait_for_many, lambda _: True, count)


@pytest.mark.parametrize("protocol", [5, "3.1.1"])
async def test_readings_travel_as_an_array_and_each_gets_its_word(
    mosquitto: Mosquitto, subscriber: Subscriber, protocol: Any
) -> None:
    cloud = endpoint(mosquitto.url, {"max_messages": 3}, protocol=protocol)
    async with connected(cloud) as session:
        for token in range(6):
            cloud.publish(message(token, envelope(token)))
        assert await session.acked(*range(6)) == [Ack(token, shared=True) for token in range(6)]
        first, second = await arrived(subscriber, 2)
        assert (first.topic, first.qos, first.retained) == ("fieldgate/gw/batch", 1, False)
        assert first.payload == b'[{"token":0},{"token":1},{"token":2}]'
        assert tokens(second) == [3, 4, 5]


async def test_what_is_no_reading_goes_by_itself_after_the_readings_before_it(
    mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    cloud = endpoint(mosquitto.url, {"max_messages": 10})
    async with connected(cloud) as session:
        cloud.publish(message(1, envelope(1)))
        for token, kind in ((2, "status"), (3, "birth"), (4, "result"), (5, "gap")):
            cloud.publish(message(token, envelope(token), kind))
        await session.acked(1, 2, 3, 4, 5)
        assert [(m.topic, tokens(m)) for m in await arrived(subscriber, 5)] == [
            ("fieldgate/gw/batch", [1]),
            ("fieldgate/gw/boiler/status", [2]),
            ("fieldgate/gw/boiler/birth", [3]),
            ("fieldgate/gw/boiler/result", [4]),
            ("fieldgate/gw/gap", [5]),
        ]


async def test_a_batch_that_is_not_full_leaves_when_its_time_has_come(
    mosquitto: Mosquitto, subscriber: Subscriber
) -> None:
    cloud = endpoint(mosquitto.url, {"max_messages": 100, "max_age": "100ms"})
    async with connected(cloud) as session:
        begun_s = asyncio.get_running_loop().time()
        for first in (0, 2):
            cloud.publish(message(first, envelope(first)))
            cloud.publish(message(first + 1, envelope(first + 1)))
            await session.acked(first, first + 1)
        assert asyncio.get_running_loop().time() - begun_s >= 0.2
        assert [tokens(m) for m in await arrived(subscriber, 2)] == [[0, 1], [2, 3]]


async def test_a_flush_sends_at_once_what_is_kept_back(mosquitto: Mosquitto) -> None:
    cloud = endpoint(mosquitto.url, {"max_messages": 100})
    async with connected(cloud) as session:
        cloud.publish(message(1))
        cloud.flush()
        await session.acked(1)
        cloud.flush()


async def test_no_array_is_larger_than_is_configured(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    cloud = endpoint(mosquitto.url, {"max_messages": 100, "max_bytes": "1KiB"})
    async with connected(cloud) as session:
        for token in range(50):
            cloud.publish(message(token, json.dumps({"token": token, "x": "y" * 100}).encode()))
        cloud.flush()
        await session.acked(*range(50))
        batches = await arrived(subscriber, 7)
        assert [token for batch in batches for token in tokens(batch)] == list(range(50))
        assert all(900 < len(m.payload) <= 1024 for m in batches[:-1])


async def test_what_is_larger_by_itself_goes_by_itself(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    cloud = endpoint(mosquitto.url, {"max_messages": 100, "max_bytes": "1KiB"})
    async with connected(cloud) as session:
        cloud.publish(message(0, envelope(0)))
        cloud.publish(message(1, json.dumps({"token": 1, "x": "y" * 2000}).encode()))
        cloud.publish(message(2, envelope(2)))
        cloud.flush()
        await session.acked(0, 1, 2)
        assert [tokens(m) for m in await arrived(subscriber, 3)] == [[0], [1], [2]]


async def test_no_array_is_larger_than_the_broker_takes(make_mosquitto: MakeMosquitto) -> None:
    broker = make_mosquitto(("max_packet_size 5000",))
    cloud = endpoint(broker.url, {"max_messages": 100})
    async with connected(cloud) as session:
        assert session.max_bytes < 5000 - BRACKETS_BYTES
        cloud.publish(message(0, bytes(session.max_bytes)))
        for token in range(1, 60):
            cloud.publish(message(token, bytes(200)))
        cloud.flush()
        await session.acked(*range(60))


@pytest.mark.parametrize(("ours", "theirs", "most"), [(100, 2, 7), (1, 0, 7), (3, 20, 100), (1, 0, 1000)])
async def test_at_most_as_many_publishes_are_in_flight_as_both_allow_and_no_batch_waits_for_more(
    make_mosquitto: MakeMosquitto, ours: int, theirs: int, most: int
) -> None:
    """The house keeps a tenth of the window for the backlog; mosquitto hangs up on whoever exceeds its maximum."""
    broker = make_mosquitto((f"max_inflight_messages {theirs}",))
    cloud = endpoint(broker.url, {"max_messages": most}, window=ours)
    async with connected(cloud) as session:
        room = min(ours, theirs or ours)
        assert session.window == (room + 1) * most
        enough = session.window - max(1, session.window // 10)
        for token in range(3000):
            cloud.publish(message(token, envelope(token)))
            assert len(cloud._outgoing.in_flight) <= room
            await session.until(lambda sent=token + 1: sent - len(session.acks) < enough)  # type: ignore[misc]
        cloud.flush()
        await session.until(lambda: len(session.acks) == 3000)
        assert [ack.token for ack in session.acks] == list(range(3000))


async def test_however_large_batches_are_only_so_much_is_handed_over(mosquitto: Mosquitto) -> None:
    async with connected(endpoint(mosquitto.url, {"max_messages": 1000})) as session:
        assert session.window == WINDOW_MESSAGES


async def test_many_small_batches_do_not_narrow_the_window(mosquitto: Mosquitto) -> None:
    async with connected(endpoint(mosquitto.url, {"max_messages": 2}, window=20_000, protocol="3.1.1")) as session:
        assert session.window == 20_000


async def test_a_refused_batch_is_a_word_about_each_of_several_and_about_one_alone() -> None:
    with FakeBroker(lambda _: 0x99) as broker:
        cloud = endpoint(broker.url, {"max_messages": 2})
        async with connected(cloud) as session:
            for token in range(3):
                cloud.publish(message(token, envelope(token)))
            cloud.flush()
            acks = await session.acked(0, 1, 2)
    assert [(a.token, a.code, a.about_message, a.shared) for a in acks] == [
        (0, 0x99, True, True),
        (1, 0x99, True, True),
        (2, 0x99, True, False),
    ]


async def test_a_result_does_not_wait_behind_readings_that_wait_for_room() -> None:
    go_on = threading.Event()

    def judge(_message: Received) -> int:
        go_on.wait(10)
        return 0

    with FakeBroker(judge) as broker:
        cloud = endpoint(broker.url, {"max_messages": 2}, window=1)
        async with connected(cloud) as session:
            for token in range(6):
                cloud.publish(message(token, envelope(token)))
            cloud.publish(message(6, envelope(6), "result"))
            cloud.publish(message(7, envelope(7), "status"))
            go_on.set()
            await session.acked(*range(8))
    assert [tokens(m) for m in broker.messages] == [[0, 1], [6], [7], [2, 3], [4, 5]]


async def test_on_a_slow_line_only_some_batches_are_in_flight_and_a_result_goes_beside_them() -> None:
    go_on = threading.Event()

    def judge(_message: Received) -> int:
        go_on.wait(10)
        return 0

    with FakeBroker(judge) as broker:
        cloud = endpoint(broker.url, {"max_messages": 10, "max_bytes": "1KiB"})
        async with connected(cloud) as session:
            for token in range(100):
                cloud.publish(message(token, json.dumps({"token": token, "x": "y" * 80}).encode()))
            sizes = [size for _, _, size in cloud._outgoing.in_flight.values()]
            assert sum(sizes[:-1]) < LARGEST_IN_FLIGHT * 1024 <= sum(sizes)
            cloud.publish(message(100, envelope(100), "result"))
            assert len(cloud._outgoing.in_flight) == len(sizes) + 1
            go_on.set()
            await session.until(lambda: len(session.acks) == 101)
            assert cloud._outgoing._bytes == 0


async def test_the_timeout_of_an_acknowledgement_begins_when_a_batch_is_sent() -> None:
    with FakeBroker() as broker:
        cloud = endpoint(broker.url, {"max_messages": 100, "max_age": "400ms"}, ack_timeout="200ms")
        async with connected(cloud) as session:
            cloud.publish(message(1))
            await session.acked(1)


async def test_what_was_kept_back_at_the_end_is_not_sent_by_a_timer(mosquitto: Mosquitto) -> None:
    cloud = endpoint(mosquitto.url, {"max_messages": 100, "max_age": "10ms"})
    session = SessionLog()
    task = asyncio.create_task(cloud.run(session))
    await session.until(lambda: session.window)
    cloud.publish(message(1))
    timer = cloud._outgoing._timer
    assert timer is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert timer.cancelled()
