"""MQTT 3.1.1 packets as a strict server reads and writes them, by the standard's sections. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 1, 2, 3, 4, 8, 9, 10, 11
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14
"""Packet types (2.2.1)."""

FLAGS = {CONNECT: 0, PUBACK: 0, SUBSCRIBE: 2, UNSUBSCRIBE: 2, PINGREQ: 0, DISCONNECT: 0}
"""What the lower half of the first byte must be (2.2.2); a client sends no others but PUBLISH, where QoS 2 is not."""

LEVEL = 4
"""The protocol level of 3.1.1 (3.1.2.2)."""

MAX_LENGTH_SHIFT = 21
"""The remaining length has four bytes at most (2.2.3)."""

MAX_PACKET_BYTES = 1024 * 1024
"""Well over the largest message with its topic; nobody has to keep what is longer."""

WILL_FLAG, CLEAN_FLAG, WILL_RETAIN, PASSWORD_FLAG, USERNAME_FLAG = 0x04, 0x02, 0x20, 0x40, 0x80
"""Connect flags (3.1.2.3)."""


class Violation(Exception):
    """The client does what it must not; the sentence goes on from its name."""


class Packet(NamedTuple):
    """One whole packet."""

    kind: int
    flags: int
    body: bytes


class Publish(NamedTuple):
    """A PUBLISH, or a will. `packet_id` is 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0


class Connect(NamedTuple):
    """A CONNECT."""

    client_id: str
    level: int
    clean: bool
    keepalive_s: int
    will: Publish | None
    username: str | None
    password: str | None


class Stream:
    """Bytes as they come, packets as they are complete."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Raises Violation as soon as what comes can't be a packet."""
        self._bytes += data
        while (packet := self._next()) is not None:
            yield packet

    def _next(self) -> Packet | None:
        size, at, shift = 0, 1, 0
        while True:
            if at >= len(self._bytes):
                return None
            size |= (self._bytes[at] & 0x7F) << shift
            at += 1
            if self._bytes[at - 1] < 0x80:
                break
            shift += 7
            if shift > MAX_LENGTH_SHIFT:
                raise Violation("sends a remaining length of more than four bytes")
        if size > MAX_PACKET_BYTES:
            raise Violation(f"sends a packet of {size} bytes")
        if len(self._bytes) < at + size:
            return None
        kind, flags = self._bytes[0] >> 4, self._bytes[0] & 0xF
        body = bytes(self._bytes[at : at + size])
        del self._bytes[: at + size]
        if kind != PUBLISH and FLAGS.get(kind) != flags:
            raise Violation(f"sends a packet of type {kind} with flags {flags:#x}")
        return Packet(kind, flags, body)


class Fields:
    """The body of a packet, field by field."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def take(self, size: int) -> bytes:
        """So many bytes."""
        piece = self._body[self._at : self._at + size]
        if len(piece) < size:
            raise Violation("sends a packet that ends too soon")
        self._at += size
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """Two bytes."""
        return int.from_bytes(self.take(2), "big")

    def data(self) -> bytes:
        """With their length before them."""
        return self.take(self.number())

    def text(self) -> str:
        """UTF-8 without U+0000 (1.5.3)."""
        try:
            text = self.data().decode()
        except UnicodeDecodeError:
            raise Violation("sends a text that is not UTF-8") from None
        if "\0" in text:
            raise Violation("sends a text with a null character")
        return text

    def rest(self) -> bytes:
        return self.take(len(self._body) - self._at)

    def packet_id(self) -> int:
        """Never 0 (2.3.1)."""
        number = self.number()
        if number == 0:
            raise Violation("sends packet id 0")
        return number

    @property
    def left(self) -> bool:
        return self._at < len(self._body)

    def end(self) -> None:
        """Nothing may be left."""
        if self.left:
            raise Violation("sends a packet with bytes after its end")


def connect(body: bytes) -> Connect:
    """3.1."""
    fields = Fields(body)
    if fields.text() != "MQTT":
        raise Violation("speaks no MQTT 3.1.1 in its CONNECT")
    level, flags, keepalive_s = fields.byte(), fields.byte(), fields.number()
    if level != LEVEL:  # what follows is another protocol's
        return Connect("", level, True, keepalive_s, None, None, None)
    if flags & 1:
        raise Violation("sets the reserved connect flag")
    client_id = fields.text()
    will = None
    if flags & WILL_FLAG:
        will = Publish(_topic(fields.text()), fields.data(), flags >> 3 & 3, bool(flags & WILL_RETAIN))
    elif flags & (WILL_RETAIN | 0x18):
        raise Violation("sets flags of a will that is not there")
    username = fields.text() if flags & USERNAME_FLAG else None
    password = _text(fields.data()) if flags & PASSWORD_FLAG else None
    if password is not None and username is None:
        raise Violation("sends a password without a user name")
    fields.end()
    return Connect(client_id, level, bool(flags & CLEAN_FLAG), keepalive_s, will, username, password)


def publish(packet: Packet) -> Publish:
    """3.3."""
    qos, fields = packet.flags >> 1 & 3, Fields(packet.body)
    topic = _topic(fields.text())
    dup = bool(packet.flags & 8)
    if qos == 3 or (dup and qos == 0):
        raise Violation("sends a PUBLISH with flags that can't be")
    packet_id = fields.packet_id() if qos else 0
    return Publish(topic, fields.rest(), qos, bool(packet.flags & 1), dup, packet_id)


def subscribe(body: bytes) -> tuple[int, list[tuple[str, int]]]:
    """3.8: packet id, filters with their QoS."""
    fields, wanted = Fields(body), list[tuple[str, int]]()
    packet_id = fields.packet_id()
    while fields.left or not wanted:
        wanted.append((fields.text(), fields.byte()))
        if wanted[-1][1] > 2:
            raise Violation("subscribes at a QoS that does not exist")
    return packet_id, wanted


def unsubscribe(body: bytes) -> tuple[int, list[str]]:
    """3.10: packet id and filters."""
    fields, unwanted = Fields(body), list[str]()
    packet_id = fields.packet_id()
    while fields.left or not unwanted:
        unwanted.append(fields.text())
    return packet_id, unwanted


def packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    """With its fixed header (2.2)."""
    size, length = len(body), bytearray()
    while True:
        size, low = divmod(size, 128)
        length.append(low | 0x80 * (size > 0))
        if not size:
            return bytes([kind << 4 | flags]) + length + body


def published(message: Publish) -> bytes:
    """A PUBLISH of the server."""
    topic = message.topic.encode()
    number = message.packet_id.to_bytes(2, "big") if message.qos else b""
    flags = message.dup << 3 | message.qos << 1 | message.retain
    return packet(PUBLISH, len(topic).to_bytes(2, "big") + topic + number + message.payload, flags)


def numbered(kind: int, packet_id: int, rest: bytes = b"") -> bytes:
    """PUBACK, SUBACK, UNSUBACK."""
    return packet(kind, packet_id.to_bytes(2, "big") + rest)


def _topic(text: str) -> str:
    """4.7.1: no wildcards, not empty."""
    if not text or "+" in text or "#" in text:
        raise Violation(f"publishes to {text!r}, which can't be a topic")
    return text


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Violation("sends a password that is not text") from None
