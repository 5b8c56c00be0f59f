"""A device that says to a server just the bytes it is told to: for tests of the servers themselves."""

import socket
import ssl
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

from tests.support.iothub import access, packets
from tests.support.iothub.hub import IotHub
from tests.support.iothub.packets import Packet, Publish
from tests.support.iothub.service import Service
from tests.support.patience import HANG_S
from tests.support.server import read_exactly

API = "/?api-version=2021-04-12"

TOKEN_LIFE_S = 3600


def text(value: str | bytes) -> bytes:
    """With its length before it."""
    data = value if isinstance(value, bytes) else value.encode()
    return len(data).to_bytes(2, "big") + data


def connect(
    client_id: str,
    username: str | None,
    password: str | None,
    *,
    clean: bool = False,
    keepalive_s: int = 60,
    will: Publish | None = None,
    level: int = packets.LEVEL,
) -> bytes:
    """A CONNECT packet."""
    flags, fields = packets.CLEAN_FLAG * clean, text(client_id)
    if will is not None:
        flags |= packets.WILL_FLAG | will.qos << 3 | packets.WILL_RETAIN * will.retain
        fields += text(will.topic) + text(will.payload)
    for value, flag in ((username, packets.USERNAME_FLAG), (password, packets.PASSWORD_FLAG)):
        if value is not None:
            flags |= flag
            fields += text(value)
    head = text("MQTT") + bytes([level, flags]) + keepalive_s.to_bytes(2, "big")
    return packets.packet(packets.CONNECT, head + fields)


def subscription(*filters: str, qos: int = 1) -> bytes:
    """A SUBSCRIBE packet."""
    body = b"".join(text(name) + bytes([qos]) for name in filters)
    return packets.packet(packets.SUBSCRIBE, b"\0\1" + body, packets.FLAGS[packets.SUBSCRIBE])


class Peer:
    """One connection; `read` returns None when the server has closed it."""

    def __init__(self, service: Service, identity: tuple[Path, Path] | None = None) -> None:
        context = ssl.create_default_context(cafile=str(service.ca))
        if identity is not None:
            context.load_cert_chain(*identity)
        raw = socket.create_connection(("127.0.0.1", service.port), HANG_S)
        self._socket = context.wrap_socket(raw, server_hostname="localhost")
        self._packet_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Without a DISCONNECT."""
        self._socket.close()

    def say(self, data: bytes) -> None:
        self._socket.sendall(data)

    def read(self) -> Packet | None:
        """The next packet."""
        with suppress(ConnectionError, ssl.SSLError):
            first, size, shift = read_exactly(self._socket, 1)[0], 0, 0
            while True:
                byte = read_exactly(self._socket, 1)[0]
                size |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    return Packet(first >> 4, first & 0xF, read_exactly(self._socket, size))
        return None

    def publish(
        self, topic: str, payload: bytes = b"", qos: int = 1, *, retain: bool = False, dup: bool = False
    ) -> int:
        """Sent, not acknowledged yet; its packet id."""
        self._packet_id += 1
        message = Publish(topic, payload, qos, retain, dup, self._packet_id if qos else 0)
        self.say(packets.published(message))
        return self._packet_id

    def send(self, topic: str, payload: bytes = b"", qos: int = 1) -> bool:
        """Whether it was acknowledged; else the connection has been closed."""
        self.publish(topic, payload, qos)
        answer = self.read()
        return answer is not None and answer.kind == packets.PUBACK

    def subscribe(self, *filters: str, qos: int = 1) -> bytes | None:
        """What was granted; None when the connection was closed for it."""
        self.say(subscription(*filters, qos=qos))
        answer = self.read()
        return answer.body[2:] if answer is not None and answer.kind == packets.SUBACK else None

    def take(self) -> Publish:
        """The next packet, which must be a PUBLISH; not acknowledged yet."""
        packet = self.read()
        assert packet is not None
        assert packet.kind == packets.PUBLISH, packet
        return packets.publish(packet)

    def acknowledge(self, message: Publish) -> None:
        self.say(packets.numbered(packets.PUBACK, message.packet_id))

    def is_closed(self) -> bool:
        """Whether nothing but the end comes."""
        return self.read() is None

    def connect(self, login: bytes) -> int:
        """The CONNACK's code; -1 when the connection was closed instead."""
        self.say(login)
        answer = self.read()
        return answer.body[1] if answer is not None and answer.kind == packets.CONNACK else -1


def token_for(hub: IotHub, device: str, life_s: float = TOKEN_LIFE_S) -> str:
    """A good one."""
    resource = f"{hub.host}/devices/{device}"
    return access.signed(resource, hub.devices[device].keys[0], int(time.time() + life_s))


def joined(
    hub: IotHub, device: str, *, clean: bool = False, keepalive_s: int = 60, will: Publish | None = None
) -> Peer:
    """A device that is connected as it should be."""
    peer = Peer(hub)
    login = connect(
        device, f"{hub.host}/{device}{API}", token_for(hub, device), clean=clean, keepalive_s=keepalive_s, will=will
    )
    assert peer.connect(login) == 0
    return peer
