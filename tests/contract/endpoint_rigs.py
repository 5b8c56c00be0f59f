"""What the contract suite needs of each endpoint: a far end that can be watched, and to be pointed at any port.

An endpoint of ours, or a stranger's, joins by an entry in ENDPOINT_RIGS.
"""

import asyncio
import atexit
import tempfile
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

from typing_extensions import override

from gateway.endpoints.azure_iot_hub import AzureIotHubEndpoint
from gateway.endpoints.contract import Endpoint, Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.payload import last_will
from tests.support.authority import Authority
from tests.support.iothub.apart import HubApart
from tests.support.mosquitto import Mosquitto
from tests.support.proxies import Proxy
from tests.support.subscriber import Subscriber
from tests.support.websocket import Relay

CONNECT_TIMEOUT = "200ms"
LONGER_WAY = "600ms"
"""As `connect_timeout` where a third process stands in between, and perhaps TLS: the machine may be busy."""
IDENTITY = Identity("gw", "cloud", ("boiler",))


class EndpointRig(ABC):
    """A running far end and a way to make endpoints for it."""

    endpoint: type[Endpoint]

    @abstractmethod
    def make(self, port: int | None = None) -> Endpoint:
        """A fresh instance that connects to the far end, or to another port of this machine."""

    @abstractmethod
    async def saw_goodbye(self) -> None:
        """Wait until the far end has seen a polite end."""

    @abstractmethod
    async def spoke_the_will(self) -> None:
        """Wait until the far end has said on the gateway's behalf that it is gone."""


class MqttRig(EndpointRig):
    """mosquitto, at `url` when that is not its own; another port is reached by the same scheme."""

    endpoint = MqttEndpoint

    def __init__(self, broker: Mosquitto, url: str | None = None, **settings: Any) -> None:
        self._broker = broker
        self._url = url or broker.url
        self._settings = settings

    @override
    def make(self, port: int | None = None) -> Endpoint:
        url = self._url if port is None else f"{self._url.partition(':')[0]}://127.0.0.1:{port}"
        config = {"type": "mqtt", "url": url, "connect_timeout": CONNECT_TIMEOUT, **self._settings}
        model = self.endpoint.Config.model_validate(config)
        return MqttEndpoint(model, IDENTITY, {})  # type: ignore[arg-type]  # it is its own Config

    @override
    async def saw_goodbye(self) -> None:
        await asyncio.to_thread(self._broker.wait_for_line, "Client fieldgate-gw-cloud disconnected.")

    @override
    async def spoke_the_will(self) -> None:
        with Subscriber(self._broker.port) as subscriber:
            await asyncio.to_thread(subscriber.wait_for, lambda m: m.payload == last_will("gw"))


class AzureRig(EndpointRig):
    """A device of the test server of IoT Hub; another port is reached in the same way. Its will is a message."""

    endpoint = AzureIotHubEndpoint

    def __init__(self, hub: HubApart, *, websocket: bool, **settings: Any) -> None:
        self._hub = hub
        self.device = hub.device()
        self._websocket = websocket
        self._settings = settings

    @override
    def make(self, port: int | None = None) -> Endpoint:
        place = self._hub.place
        usual = place.websocket_port if self._websocket else place.port
        config = {
            "type": "azure-iot-hub",
            "connection_string": self._hub.connection_string(self.device),
            "connect": f"{'ws:' if self._websocket else ''}127.0.0.1:{port or usual}",
            "tls": {"ca": place.ca},
            "connect_timeout": LONGER_WAY,
            **self._settings,
        }
        return AzureIotHubEndpoint(self.endpoint.Config.model_validate(config), IDENTITY, {})  # type: ignore[arg-type]

    @override
    async def saw_goodbye(self) -> None:
        await asyncio.to_thread(self._hub.wait_for, self.device, "disconnect")

    @override
    async def spoke_the_will(self) -> None:
        await asyncio.to_thread(self._hub.wait_for, self.device, last_will("gw").decode())


@asynccontextmanager
async def azure(_folder: Path, *, websocket: bool = False, **settings: Any) -> AsyncIterator[EndpointRig]:
    rig = AzureRig(_hub(), websocket=websocket, **settings)
    yield rig
    assert _hub().violations(rig.device) == []


@asynccontextmanager
async def mqtt(folder: Path, **settings: Any) -> AsyncIterator[EndpointRig]:
    async with _running(folder) as broker:
        yield MqttRig(broker, **settings)


@asynccontextmanager
async def mqtt_over_websocket(folder: Path, *, secure: bool) -> AsyncIterator[EndpointRig]:
    relay, files = _relay(secure=secure)
    async with _running(folder) as broker:
        yield MqttRig(broker, relay.url(broker.port), connect_timeout=LONGER_WAY, **files)


@asynccontextmanager
async def mqtt_by_proxy(folder: Path, kind: str) -> AsyncIterator[EndpointRig]:
    login = ("gateway", "a password")
    proxy = {"url": _proxy(kind, login).url, "username": login[0], "password": login[1]}
    async with _running(folder) as broker:
        yield MqttRig(broker, connect_timeout=LONGER_WAY, proxy=proxy)


@asynccontextmanager
async def _running(folder: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.kill()


@cache
def _hub() -> HubApart:
    """One for all tests: each has a device of its own."""
    folder = tempfile.TemporaryDirectory()
    hub = HubApart(Path(folder.name))
    atexit.register(hub.stop)
    atexit.register(folder.cleanup)
    return hub


@cache
def _relay(*, secure: bool) -> tuple[Relay, dict[str, Any]]:
    """One for all tests, as it keeps nothing; and the settings of a client that gets in."""
    if not secure:
        relay = Relay()
        atexit.register(relay.stop)
        return relay, {}
    folder = tempfile.TemporaryDirectory()
    authority = Authority(Path(folder.name))
    relay = Relay((*authority.issue("relay", server=True), authority.ca))
    atexit.register(relay.stop)
    atexit.register(folder.cleanup)
    cert, key = authority.issue("gateway")
    return relay, {"tls": {"ca": authority.ca, "cert": cert, "key": key}}


@cache
def _proxy(kind: str, login: tuple[str, str]) -> Proxy:
    """One for all tests, as it keeps nothing."""
    proxy = Proxy(kind, login)
    atexit.register(proxy.stop)
    return proxy


ENDPOINT_RIGS: dict[str, Callable[[Path], AbstractAsyncContextManager[EndpointRig]]] = {
    "mqtt": mqtt,
    "mqtt in batches": partial(mqtt, batch={"max_messages": 10, "max_age": "20ms"}),
    "mqtt over ws": partial(mqtt_over_websocket, secure=False),
    "mqtt over wss, with a client certificate": partial(mqtt_over_websocket, secure=True),
    "mqtt by an HTTP proxy": partial(mqtt_by_proxy, kind="http"),
    "azure-iot-hub": partial(azure, batch={"max_age": "20ms"}),
    "azure-iot-hub over wss, each by itself": partial(azure, websocket=True, batch={"max_messages": 1}),
    "mqtt by a SOCKS5 proxy": partial(mqtt_by_proxy, kind="socks5"),
}
"""By the name of the entry point, and perhaps how it is set."""
