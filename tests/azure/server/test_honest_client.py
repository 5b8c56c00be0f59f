"""The test hub as paho sees it: a client that nobody wrote for it, over TLS and over WebSocket."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from paho.mqtt.client import Client, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as websocket

from tests.support.iothub import IotHub
from tests.support.iothub.line import WEBSOCKET_PATH
from tests.support.iothub.peer import API, token_for
from tests.support.patience import HANG_S


@contextmanager
def paho(hub: IotHub, transport: Any) -> Iterator[Client]:
    """Connected, its network thread running."""
    client = Client(CallbackAPIVersion.VERSION2, "box", clean_session=False, protocol=MQTTv311, transport=transport)
    client.username_pw_set(f"{hub.host}/box{API}", token_for(hub, "box"))
    client.tls_set_context(ssl.create_default_context(cafile=str(hub.ca)))
    client.ws_set_options(WEBSOCKET_PATH)
    connected = threading.Event()
    client.on_connect = lambda *_: connected.set()
    client.connect("localhost", hub.websocket_port if transport == "websockets" else hub.port)
    client.loop_start()
    assert connected.wait(HANG_S)
    yield client
    client.disconnect()
    client.loop_stop()
    client._reset_sockets()


@pytest.mark.parametrize("transport", ["tcp", "websockets"])
def test_an_honest_client_sends_and_gets(hub: IotHub, transport: str) -> None:
    with paho(hub, transport) as client:
        got: list[Any] = []
        told = threading.Event()

        def take(_client: Client, _userdata: Any, message: MQTTMessage) -> None:
            got.append(message)
            told.set()

        client.on_message = take
        client.subscribe("devices/box/messages/devicebound/#", 1)
        client.publish("devices/box/messages/events/a=1", bytes(100_000), 1).wait_for_publish(HANG_S)
        hub.send("box", b"y" * 60_000)
        assert told.wait(HANG_S)
        hub.wait_until(lambda: bool(hub.feedback("box")))
    hub.wait_until(lambda: ("box", "disconnect") in hub.ends)
    assert len(hub.telemetry[0].body) == 100_000
    assert got[0].payload == b"y" * 60_000
    assert hub.violations == []


def test_only_the_one_path_is_a_websocket(hub: IotHub) -> None:
    context = ssl.create_default_context(cafile=str(hub.ca))
    with pytest.raises(InvalidStatus, match="404"):
        websocket(f"wss://localhost:{hub.websocket_port}/mqtt", ssl=context)
