"""The pieces the system tests stand on."""

import asyncio
from collections.abc import Callable

import pytest
from pymodbus.client import ModbusTcpClient
from pymodbus.constants import ExcCodes

from tests.support.modbus import ModbusServer
from tests.support.mosquitto import Mosquitto
from tests.support.subscriber import Subscriber


def test_a_subscriber_gets_what_is_published(mosquitto: Mosquitto, subscriber: Subscriber) -> None:
    subscriber.publish("a/b", {"n": 1}, ResponseTopic="x/y")

    received = subscriber.wait_for(lambda message: message.topic == "a/b")

    assert received.json == {"n": 1}
    assert received.properties.ResponseTopic == "x/y"


def test_a_broker_comes_back_on_its_port(mosquitto: Mosquitto) -> None:
    mosquitto.kill()
    mosquitto.start()

    with Subscriber(mosquitto.port) as subscriber:
        subscriber.publish("a", b"again")
        assert subscriber.wait_for(lambda message: message.topic == "a").payload == b"again"


def test_a_broker_with_users_refuses_strangers(make_mosquitto: Callable[..., Mosquitto]) -> None:
    broker = make_mosquitto(users={"mill": "grain"})

    with Subscriber(broker.port, user=("mill", "grain")) as subscriber:
        subscriber.publish("a", b"in")
        assert subscriber.wait_for(lambda message: message.topic == "a").payload == b"in"
    assert broker.wait_for_line("u'mill'")


async def test_a_modbus_server_is_read_written_and_watched(modbus_server: ModbusServer) -> None:
    modbus_server.set("holding", 10, [7, 8])
    modbus_server.set("coil", 3, [1])

    def use() -> tuple[list[int], list[bool]]:
        with ModbusTcpClient("127.0.0.1", port=modbus_server.port, retries=0) as client:
            client.write_register(11, 9)
            return client.read_holding_registers(10, count=2).registers, client.read_coils(3, count=1).bits

    words, bits = await asyncio.to_thread(use)

    assert words == [7, 9]
    assert bits[0] is True
    assert modbus_server.get("holding", 11) == [9]
    assert [(request.function, request.address, request.values) for request in modbus_server.writes()] == [(6, 11, [9])]


def test_a_modbus_server_fails_where_told_and_comes_back_with_its_registers(modbus_server: ModbusServer) -> None:
    modbus_server.set("input", 5, [55])
    modbus_server.failures[1, 20] = ExcCodes.ILLEGAL_ADDRESS
    modbus_server.stop()
    modbus_server.start()

    with ModbusTcpClient("127.0.0.1", port=modbus_server.port, retries=0) as client:
        assert client.read_input_registers(5, count=1).registers == [55]
        assert client.read_holding_registers(20, count=1).exception_code == 2


def test_a_process_that_ends_early_fails_the_wait_at_once(mosquitto: Mosquitto) -> None:
    mosquitto.stop()

    with pytest.raises(AssertionError, match="ended with 0"):
        mosquitto.wait_for_line("never written", timeout_s=5)
