"""What arrives at the broker, and a way to send a command."""

from __future__ import annotations

import asyncio
import json
from typing import Any, NamedTuple, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion


class Message(NamedTuple):
    """One message as it arrived."""

    topic: str
    payload: bytes


class Inbox:
    """A subscriber of its own, apart from the daemon; MQTT 3.1.1, which every broker speaks."""

    def __init__(self, port: int, topic: str) -> None:
        self._port = port
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Message] = asyncio.Queue()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_message = self._receive

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._client.connect, "127.0.0.1", self._port)
        self._client.loop_start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def next(self) -> Message:
        """The next message."""
        return await self._queue.get()

    def send(self, topic: str, body: Any) -> None:
        """Publish as JSON at QoS 1."""
        self._client.publish(topic, json.dumps(body), 1)

    def _receive(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        received = Message(message.topic, bytes(message.payload))
        self._loop.call_soon_threadsafe(self._queue.put_nowait, received)
