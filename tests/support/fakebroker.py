"""A broker that misbehaves: just enough MQTT 5, byte by byte, to do to a client what no real broker can be told to."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from typing_extensions import override

from tests.support.patience import HANG_S
from tests.support.server import Server, read_exactly
from tests.support.subscriber import Received

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14
"""Packet types (MQTT 5, 2.1.2)."""


TOPIC_ALIAS_INVALID = 0x94


def packet(kind: int, body: bytes) -> bytes:
    """A packet that is shorter than 128 bytes."""
    return bytes([kind << 4, len(body)]) + body


WELCOME = packet(CONNACK, b"\0\0\0")
"""Success, no session, no properties (MQTT 5, 3.2)."""


CUT = -1
"""Instead of a reason code: the connection is cut without a word."""

Judge = Callable[[Received], int | None]
"""The reason code to acknowledge a message with; None for never, or CUT."""


def accept(_message: Received) -> int:
    return 0


class FakeBroker(Server):
    """Answers CONNECT with what `greet` returns, and each PUBLISH as `judge` says."""

    def __init__(self, judge: Judge = accept) -> None:
        super().__init__()
        self.judge = judge
        self.greet: Callable[[], bytes] = lambda: WELCOME
        self.grants = 1
        """What each filter of a subscription is answered."""
        self.connections = 0
        self.filters: list[str] = []
        """What was subscribed to."""
        self._messages: list[Received] = []
        self._changed = threading.Condition()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    @property
    def messages(self) -> list[Received]:
        """What was published so far, accepted or not."""
        with self._changed:
            return list(self._messages)

    def wait_until(self, so: Callable[[], bool], timeout_s: float = HANG_S) -> None:
        """Return once this is so; looked at whenever somebody connects, subscribes or publishes."""
        deadline_s = time.monotonic() + timeout_s
        with self._changed:
            while not so():
                assert self._changed.wait(deadline_s - time.monotonic()), f"not within {timeout_s} s"

    @override
    def handle(self, connection: socket.socket) -> None:
        with self._changed:
            self.connections += 1
            self._changed.notify_all()
        aliases: dict[int, str] = {}
        while True:
            kind, flags, body = _read_packet(connection)
            if kind == CONNECT:
                connection.sendall(self.greet())
            elif kind == SUBSCRIBE:
                filters = _filters(body)
                connection.sendall(packet(SUBACK, body[:2] + b"\0" + bytes([self.grants]) * len(filters)))
                with self._changed:
                    self.filters += filters
                    self._changed.notify_all()
            elif kind == PINGREQ:
                connection.sendall(packet(PINGRESP, b""))
            elif kind == PUBLISH:
                self._take(connection, flags, body, aliases)
            elif kind == DISCONNECT:
                return

    def _take(self, connection: socket.socket, flags: int, body: bytes, aliases: dict[int, str]) -> None:
        """Numbers for topics are learned from what is taken only, which a client has to reckon with."""
        end = 2 + int.from_bytes(body[:2], "big")
        packet_id, properties_size = body[end : end + 2], body[end + 2]
        payload = body[end + 3 + properties_size :]
        properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho's own gap
        properties.unpack(body[end + 2 :])
        number = getattr(properties, "TopicAlias", 0)
        topic = body[2:end].decode() or aliases.get(number)
        if topic is None:
            connection.sendall(packet(DISCONNECT, bytes((TOPIC_ALIAS_INVALID, 0))))
            raise ConnectionError("a number for no topic")
        message = Received(topic, payload, flags >> 1 & 3, bool(flags & 1), properties)
        code = self.judge(message)
        if number and code == 0:
            aliases[number] = topic
        with self._changed:
            self._messages.append(message)
            self._changed.notify_all()
        if code == CUT:
            raise ConnectionError("as the judge wants it")
        if code is not None:
            connection.sendall(packet(PUBACK, packet_id + (bytes([code, 0]) if code else b"")))


def _filters(body: bytes) -> list[str]:
    """Of a SUBSCRIBE without large properties (MQTT 5, 3.8)."""
    found, rest = [], body[3 + body[2] :]
    while rest:
        end = 2 + int.from_bytes(rest[:2], "big")
        found.append(rest[2:end].decode())
        rest = rest[end + 1 :]
    return found


def _read_packet(connection: socket.socket) -> tuple[int, int, bytes]:
    """Type, flags and body (MQTT 5, 2.1)."""
    first = read_exactly(connection, 1)[0]
    size = shift = 0
    while True:
        byte = read_exactly(connection, 1)[0]
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return first >> 4, first & 0xF, read_exactly(connection, size)
