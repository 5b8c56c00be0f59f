"""In which order brokers are tried, by what happened before."""

from collections.abc import Callable
from typing import Any

import pytest

from gateway.endpoints.contract import EndpointError, Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.mqtt.brokers import SOON_S, SUSPICIOUS_CUTS, Brokers
from gateway.endpoints.mqtt.config import MqttConfig
from gateway.endpoints.reach.address import address_of
from tests.support.fakebroker import CONNACK, CUT, FakeBroker, packet
from tests.support.mosquitto import Mosquitto
from tests.support.ports import free_port
from tests.support.session import SessionLog, connected, message

MakeMosquitto = Callable[..., Mosquitto]
A, B, C = (address_of(f"mqtt://{name}.example") for name in "abc")


def endpoint(urls: list[str], memory: dict[str, Any], **more: Any) -> MqttEndpoint:
    config = MqttConfig.model_validate({"type": "mqtt", "url": urls, "connect_timeout": "500ms", **more})
    return MqttEndpoint(config, Identity("gw", "cloud", ("boiler",)), memory)


def test_they_are_tried_as_configured_until_one_lets_us_in_for_nothing() -> None:
    memory: dict[str, Any] = {}
    brokers = Brokers([A, B, C], memory)
    assert brokers.in_turn == (A, B, C)
    brokers.was_useless(A)
    assert Brokers([A, B, C], memory).in_turn == (B, C, A)
    brokers.was_useless(C)
    assert brokers.in_turn == (A, B, C)
    brokers.was_useless(A)
    brokers.was_well()
    assert brokers.in_turn == (A, B, C), "the first is the first choice"


def test_what_is_kept_of_brokers_that_are_configured_no_more_does_not_matter() -> None:
    memory: dict[str, Any] = {}
    Brokers([A, B], memory).was_useless(A)
    assert Brokers([A, C], memory).in_turn == (A, C)


def test_cuts_count_in_a_row_and_soon_after_login_only() -> None:
    brokers = Brokers([A], {})
    assert [brokers.was_cut(1.0) for _ in range(3)] == [1, 2, 3]
    assert brokers.was_cut(SOON_S) == 0
    assert brokers.was_cut(1.0) == 1
    brokers.was_not_cut()
    assert brokers.was_cut(1.0) == 1


def test_what_was_learned_of_one_broker_is_not_held_against_another() -> None:
    memory: dict[str, Any] = {}
    brokers = Brokers([A, B], memory)
    brokers.learn("no_retain", A, so=True)
    assert (brokers.knows("no_retain", A), brokers.knows("no_retain", B)) == (True, False)
    brokers.learn("no_retain", A, so=False)
    assert memory == {}


async def test_when_none_lets_us_in_each_is_quoted(make_mosquitto: MakeMosquitto) -> None:
    closed, dead = make_mosquitto((), {"gw": "secret-enough"}), free_port()
    with pytest.raises(EndpointError) as caught:
        await endpoint([f"mqtt://127.0.0.1:{dead}", closed.url], {}).run(SessionLog())
    first, second = str(caught.value).split("; ")
    assert f"127.0.0.1:{dead}" in first
    assert second.startswith(f"127.0.0.1:{closed.port}: the broker refuses us")
    assert not caught.value.cut


async def test_the_next_one_serves_and_is_remembered(mosquitto: Mosquitto) -> None:
    memory: dict[str, Any] = {}
    cloud = endpoint([f"mqtt://127.0.0.1:{free_port()}", mosquitto.url], memory)
    async with connected(cloud) as session:
        cloud.publish(message(1))
        await session.acked(1)
    assert memory["served_by"] == f"127.0.0.1:{mosquitto.port}"
    described = MqttEndpoint.describe(cloud._config, Identity("gw", "cloud", ()), memory)
    assert described["served by"] == memory["served_by"]


async def test_a_broker_that_lets_us_in_and_cuts_is_not_preferred_for_ever(mosquitto: Mosquitto) -> None:
    memory: dict[str, Any] = {}
    with FakeBroker(judge=lambda _: CUT) as bad:
        first = endpoint([bad.url, mosquitto.url], memory)
        with pytest.raises(EndpointError):  # noqa: PT012 -- it is raised at the end of the context
            async with connected(first, said_goodbye=False) as session:
                first.publish(message(1))
                await session.ended_early()
        second = endpoint([bad.url, mosquitto.url], memory)
        async with connected(second) as session:
            second.publish(message(1))
            await session.acked(1)
        assert bad.connections == 1
    assert memory["served_by"] == f"127.0.0.1:{mosquitto.port}"
    assert second._brokers.in_turn[0].port == bad.port, "after a good connection the first is tried first again"


async def test_one_that_refuses_all_we_say_is_not_preferred_either() -> None:
    memory: dict[str, Any] = {}
    with FakeBroker(judge=lambda _: 0x87) as bad, FakeBroker() as good:
        cloud = endpoint([bad.url, good.url], memory)
        async with connected(cloud, said_goodbye=False) as session:
            cloud.publish(message(1))
            await session.acked(1)
        assert Brokers(cloud._config.addresses, memory).in_turn[0].port == good.port


async def test_one_that_names_another_server_is_quoted_with_it() -> None:
    with FakeBroker() as broker:
        reference = b"\x1c\x00\x0aother:8883"
        broker.greet = lambda: packet(CONNACK, b"\0\x9c" + bytes((len(reference),)) + reference)
        with pytest.raises(EndpointError, match=r"Use another server .it names other:8883: put that into url"):
            await endpoint([broker.url], {}).run(SessionLog())


async def test_after_several_cuts_soon_after_login_what_is_probable_is_said() -> None:
    memory: dict[str, Any] = {}
    with FakeBroker(judge=lambda _: CUT) as broker:
        said = []
        for _ in range(SUSPICIOUS_CUTS):
            cloud = endpoint([broker.url], memory, client_id="mill-3")
            with pytest.raises(EndpointError) as caught:  # noqa: PT012 -- it is raised at the end of the context
                async with connected(cloud, said_goodbye=False) as session:
                    cloud.publish(message(1))
                    await session.ended_early()
            assert caught.value.cut
            said.append(str(caught.value))
    assert ["client_id mill-3" in each for each in said] == [False, False, True]
