"""What arrives at the broker, and a voice to send commands with."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.support.patience import HANG_S


class Received(NamedTuple):
    """One message as it arrived."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    properties: Any
    """Of MQTT 5, in paho's spelling: `properties.ResponseTopic`."""

    @property
    def json(self) -> Any:
        return json.loads(self.payload)


class Subscriber:
    """Keeps every message of its topics in the order of arrival, on a thread of its own."""

    def __init__(
        self,
        port: int,
        *topics: str,
        qos: int = 1,
        user: tuple[str, str] | None = None,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    ) -> None:
        self._port = port
        self._topics = topics or ("#",)
        self._qos = qos
        self._changed = threading.Condition()
        self._messages: list[Received] = []
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=protocol)
        if user is not None:
            self._client.username_pw_set(*user)
        self._client.on_connect = self._subscribe
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._receive

    def start(self) -> None:
        """Return once subscribed."""
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._ready.wait(HANG_S), "the broker did not accept the subscription"

    def stop(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()  # paho leaves its wake-up pair open when its thread ends before loop_stop

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def messages(self) -> list[Received]:
        """What has arrived so far."""
        with self._changed:
            return list(self._messages)

    def on(self, suffix: str) -> list[Received]:
        """What has arrived on topics that end so."""
        return [message for message in self.messages if message.topic.endswith(suffix)]

    def wait_for(self, wanted: Callable[[Received], bool], timeout_s: float = HANG_S) -> Received:
        """The first message that is wanted, whether it has arrived already or not."""
        return self.wait_for_many(wanted, 1, timeout_s)[0]

    def wait_for_many(
        self, wanted: Callable[[Received], bool], count: int, timeout_s: float = HANG_S
    ) -> list[Received]:
        """The first `count` messages that are wanted."""
        deadline_s = time.monotonic() + timeout_s
        found, looked_at = list[Received](), 0
        with self._changed:
            while True:
                found += [message for message in self._messages[looked_at:] if wanted(message)]
                looked_at = len(self._messages)
                if len(found) >= count:
                    return found[:count]
                if not self._changed.wait(deadline_s - time.monotonic()):
                    seen = "\n".join(f"{m.topic} {m.payload[:200]!r}" for m in self._messages[-40:])
                    raise AssertionError(f"{len(found)} of {count} within {timeout_s} s; what arrived last:\n{seen}")

    def wait_for_more(self, count: int, timeout_s: float) -> None:
        """Return once more than `count` messages have arrived, or time is up."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._messages) > count, timeout_s)

    def clear(self) -> None:
        """Forget what has arrived."""
        with self._changed:
            self._messages.clear()

    def publish(self, topic: str, payload: bytes | str | Any, *, retain: bool = False, **properties: Any) -> None:
        """Send at QoS 1 and wait for the acknowledgement; what is neither text nor bytes goes as JSON.

        `properties` are MQTT 5 ones in paho's spelling: ResponseTopic, CorrelationData, MessageExpiryInterval.
        """
        data = payload if isinstance(payload, bytes | str) else json.dumps(payload)
        with_properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own gap
        for name, value in properties.items():
            setattr(with_properties, name, value)
        sent = self._client.publish(topic, data, 1, retain, with_properties if properties else None)
        sent.wait_for_publish(HANG_S)
        assert sent.is_published(), "the broker did not acknowledge the publish"

    def _subscribe(self, client: Client, *_: Any) -> None:
        client.subscribe([(topic, self._qos) for topic in self._topics])

    def _receive(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        received = Received(message.topic, bytes(message.payload), message.qos, message.retain, message.properties)
        with self._changed:
            self._messages.append(received)
            self._changed.notify_all()
