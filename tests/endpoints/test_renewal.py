"""A connection that is renewed in order: nothing is lost, and nothing comes twice."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gateway.endpoints.contract import Ack, EndpointError, Identity, Renewed
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.mqtt.renewal import Renewal
from tests.support.fakebroker import CUT, FakeBroker
from tests.support.mosquitto import Mosquitto
from tests.support.patience import HANG_S
from tests.support.session import SessionLog, connected, message
from tests.support.subscriber import Received, Subscriber

MakeMosquitto = Callable[..., Mosquitto]
RENEWALS = 20
BETWEEN = 60
"""Readings acknowledged from one renewal to the next."""


class House(SessionLog):
    """Publishes one reading after the other, as many at once as it may, and begins again with what was not taken."""

    def __init__(self) -> None:
        super().__init__(said_goodbye=False)
        self.given = 0
        self.open: set[int] = set()
        self.taken = 0

    def begin(self, cloud: MqttEndpoint) -> None:
        self.cloud, self.paused, self.window = cloud, False, 0

    def connected(self, window: int, max_bytes: int) -> None:
        super().connected(window, max_bytes)
        again, self.open = sorted(self.open), set()
        for token in again:
            self._give(token)
        self._pump()

    def acknowledged(self, acks: Sequence[Ack], /) -> None:
        assert {ack.code for ack in acks} == {0}
        self.open -= {ack.token for ack in acks}
        self.taken += len(acks)
        self._pump()
        super().acknowledged(acks)

    def _pump(self) -> None:
        while not self.paused and len(self.open) < self.window:
            self._give(self.given)
            self.given += 1

    def _give(self, token: int) -> None:
        self.open.add(token)
        self.cloud.publish(message(token, b'{"token":%d}' % token))


def endpoint(url: str, **more: Any) -> MqttEndpoint:
    config = MqttConfig.model_validate({"type": "mqtt", "url": url, "window": 50, **more})
    return MqttEndpoint(config, Identity("gw", "cloud", ("boiler",)), {})


def tokens(received: Received) -> list[int]:
    said = received.json
    return [each["token"] for each in said] if isinstance(said, list) else [said["token"]]


@pytest.mark.parametrize(
    "settings",
    [{}, {"protocol": "3.1.1"}, {"batch": {"max_messages": 7, "max_age": "20ms"}}],
    ids=["5", "3.1.1", "batches"],
)
async def test_under_load_no_reading_is_lost_or_doubled_by_renewals(
    mosquitto: Mosquitto, subscriber: Subscriber, settings: dict[str, Any]
) -> None:
    house = House()
    for _ in range(RENEWALS):
        cloud = endpoint(mosquitto.url, **settings)
        house.begin(cloud)
        enough = house.taken + BETWEEN
        run = asyncio.create_task(cloud.run(house))
        await house.until(lambda: house.taken >= enough)  # noqa: B023 -- it is over before the next round
        assert house.open, "it is under load"
        cloud.renew("client.pem has changed")
        with pytest.raises(Renewed, match=r"client\.pem has changed"):
            await asyncio.wait_for(run, HANG_S)
        assert not house.open, "all that was handed over is acknowledged"

    await asyncio.to_thread(subscriber.wait_for, lambda each: house.given - 1 in tokens(each))
    assert [token for each in subscriber.messages for token in tokens(each)] == list(range(house.given))
    assert {each.topic.rpartition("/")[2] for each in subscriber.messages} <= {"reading", "batch"}, (
        "nor was a will said"
    )


async def test_an_idle_connection_is_renewed_at_once(mosquitto: Mosquitto) -> None:
    cloud = endpoint(mosquitto.url)
    with pytest.raises(Renewed):  # noqa: PT012 -- it is raised at the end of the context
        async with connected(cloud, said_goodbye=False) as session:
            cloud.renew("a secret has changed")
            await session.ended_early()
    await asyncio.to_thread(mosquitto.wait_for_line, "Received DISCONNECT from fieldgate-gw-cloud")
    assert session.paused


async def test_a_login_under_way_is_not_used() -> None:
    with FakeBroker() as broker:
        cloud, session = endpoint(broker.url), SessionLog(said_goodbye=False)
        run = asyncio.create_task(cloud.run(session))
        await asyncio.sleep(0)
        cloud.renew("a secret has changed")
        with pytest.raises(Renewed):
            await asyncio.wait_for(run, HANG_S)
    assert not session.window, "the house was never told of it"


async def test_a_broker_that_acknowledges_nothing_any_more_does_not_hold_it_up_for_long() -> None:
    with FakeBroker(judge=lambda _: None) as broker:
        cloud = endpoint(broker.url, ack_timeout="40ms")
        with pytest.raises(EndpointError, match="no acknowledgement"):  # noqa: PT012 -- as above
            async with connected(cloud, said_goodbye=False) as session:
                cloud.publish(message(1))
                cloud.renew("a secret has changed")
                await session.ended_early()


async def test_a_connection_that_breaks_meanwhile_is_a_failure_as_any_other() -> None:
    with FakeBroker(judge=lambda _: CUT) as broker:
        cloud = endpoint(broker.url)
        with pytest.raises(EndpointError):  # noqa: PT012 -- as above
            async with connected(cloud, said_goodbye=False) as session:
                cloud.publish(message(1))
                cloud.renew("a secret has changed")
                await session.ended_early()


def test_one_that_is_asked_for_before_we_are_in_comes_as_soon_as_we_are() -> None:
    ended: list[Exception] = []
    renewal = Renewal(lambda: True)
    assert not renewal.ask("new key")
    renewal.look()
    assert not ended
    with pytest.raises(Renewed, match="new key"):
        renewal.begin(ended.append)


def test_one_that_is_asked_for_again_comes_once_nothing_is_under_way() -> None:
    ended: list[Exception] = []
    under_way = [1]
    renewal = Renewal(lambda: not under_way)
    renewal.begin(ended.append)
    assert renewal.ask("new key")
    assert not renewal.ask("new certificate")
    renewal.look()
    assert not ended
    under_way.clear()
    renewal.look()
    assert [str(each) for each in ended] == ["new key"]
