"""What the contract suite needs of each endpoint: a far end that can be watched, and to be pointed at any port.

An endpoint of ours, or a stranger's, joins by an entry in ENDPOINT_RIGS.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from typing_extensions import override

from gateway.endpoints.contract import Endpoint, Identity
from gateway.endpoints.mqtt import MqttEndpoint
from gateway.endpoints.payload import last_will
from tests.support.mosquitto import Mosquitto
from tests.support.subscriber import Subscriber

CONNECT_TIMEOUT = "200ms"
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
    """mosquitto."""

    endpoint = MqttEndpoint

    def __init__(self, broker: Mosquitto, **settings: Any) -> None:
        self._broker = broker
        self._settings = settings

    @override
    def make(self, port: int | None = None) -> Endpoint:
        url = f"mqtt://127.0.0.1:{port or self._broker.port}"
        config = {"type": "mqtt", "url": url, "connect_timeout": CONNECT_TIMEOUT, **self._settings}
        model = self.endpoint.Config.model_validate(config)
        return MqttEndpoint(model, IDENTITY, {})  # type: ignore[arg-type]  # it is its own Config

    @override
    async def saw_goodbye(self) -> None:
        await asyncio.to_thread(self._broker.wait_for_line, "Client fieldgate-gw-cloud disconnected.")

    @override
    async def spoke_the_will(self) -> None:
        with Subscriber(self._broker.port) as subscriber:
            await asyncio.to_thread(subscriber.wait_for, lambda m: m.retained and m.payload == last_will("gw"))


@asynccontextmanager
async def mqtt(folder: Path, **settings: Any) -> AsyncIterator[EndpointRig]:
    broker = Mosquitto(folder)
    broker.start()
    try:
        yield MqttRig(broker, **settings)
    finally:
        broker.kill()


ENDPOINT_RIGS: dict[str, Callable[[Path], AbstractAsyncContextManager[EndpointRig]]] = {
    "mqtt": mqtt,
    "mqtt in batches": partial(mqtt, batch={"max_messages": 10, "max_age": "20ms"}),
}
"""By the name of the entry point, and perhaps how it is set."""
