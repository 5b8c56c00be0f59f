"""One MQTT 3.1.1 connection, as far as every service that speaks it has the same to say."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable

from tests.support.iothub import packets
from tests.support.iothub.access import Refused
from tests.support.iothub.line import Line
from tests.support.iothub.packets import Connect, Packet, Publish, Stream, Violation
from tests.support.iothub.service import Service

KEEPALIVE_FACTOR = 1.5
MAX_SILENCE_S = 1767.0
"""A client that is silent for so long is cut, whatever it has announced (contract sheet, section 2)."""

NOT_GRANTED = 0x80
"""SUBACK (3.9.3)."""

UNACCEPTABLE_PROTOCOL = 1
"""CONNACK (3.2.2.3)."""

LINGER_S = 0.2
"""A refused client closes by itself; else it is cut then."""


class Session:
    """`feed` it bytes; what the contract forbids is noted with the service and ends the connection without a word."""

    def __init__(self, service: Service, line: Line) -> None:
        self._service = service
        self._line = line
        self._stream = Stream()
        self._loop = asyncio.get_running_loop()
        self._login: Connect | None = None
        self._heard_s = self._loop.time()
        self._timers: list[asyncio.TimerHandle] = []
        self._packet_id = 0
        self._refused = False
        self.is_over = False

    @property
    def who(self) -> str:
        return self._login.client_id or "somebody" if self._login is not None else "somebody"

    def feed(self, data: bytes) -> None:
        if self._service.faults.hang or self._refused:
            return
        self._heard_s = self._loop.time()
        try:
            for packet in self._stream.feed(data):
                if self.is_over:
                    return
                self._take(packet)
        except Violation as violation:
            self._service.violate(self.who, str(violation))
            self.end("violation")

    def lost(self) -> None:
        self._finish("lost")

    def end(self, why: str) -> None:
        """Cut it."""
        self._finish(why)
        self._line.cut()

    @abstractmethod
    def admit(self, login: Connect) -> bool:
        """Whether there is a session to go on with; raises Refused."""

    def welcomed(self) -> None:
        """The CONNACK has gone out."""

    @abstractmethod
    def may_subscribe(self, name: str) -> bool: ...

    @abstractmethod
    def subscribed(self, name: str, qos: int) -> None:
        """Its SUBACK goes out now."""

    def unsubscribed(self, name: str) -> None: ...

    @abstractmethod
    def published(self, message: Publish) -> None:
        """By the client; it is not acknowledged yet."""

    def acknowledged(self, packet_id: int) -> None:
        """By the client."""
        raise Violation(f"acknowledges {packet_id}, which was never sent to it")

    def gone(self, why: str) -> None:
        """It is over; why."""

    def send(self, topic: str, payload: bytes, qos: int = 0) -> int:
        """A PUBLISH to the client; its packet id."""
        if qos:
            self._packet_id = self._packet_id % 0xFFFF + 1
        self._line.write(packets.published(Publish(topic, payload, qos, packet_id=self._packet_id if qos else 0)))
        return self._packet_id

    def acknowledge(self, message: Publish) -> None:
        if message.qos and not self.is_over:
            self._line.write(packets.numbered(packets.PUBACK, message.packet_id))

    def later(self, after_s: float, call: Callable[..., object], *args: object) -> None:
        """Unless the session has ended by then."""
        self._timers.append(self._loop.call_later(after_s, call, *args))

    def _take(self, packet: Packet) -> None:
        if (self._login is None) != (packet.kind == packets.CONNECT):
            raise Violation("sends another packet before its CONNECT" if self._login is None else "sends CONNECT twice")
        if packet.kind == packets.CONNECT:
            self._connect(packets.connect(packet.body))
        elif packet.kind == packets.PUBLISH:
            message = packets.publish(packet)
            if message.qos == 2:
                raise Violation("publishes at QoS 2")
            self.published(message)
        elif packet.kind == packets.PUBACK:
            fields = packets.Fields(packet.body)
            self.acknowledged(fields.packet_id())
            fields.end()
        elif packet.kind == packets.SUBSCRIBE:
            self._subscribe(*packets.subscribe(packet.body))
        elif packet.kind == packets.UNSUBSCRIBE:
            packet_id, names = packets.unsubscribe(packet.body)
            for name in names:
                self.unsubscribed(name)
            self._line.write(packets.numbered(packets.UNSUBACK, packet_id))
        elif packet.kind == packets.PINGREQ:
            self._line.write(packets.packet(packets.PINGRESP, b""))
        else:
            self.end("disconnect")

    def _connect(self, login: Connect) -> None:
        service, self._login = self._service, login
        service.stirred(lambda: setattr(service, "connections", service.connections + 1))
        try:
            self._see_to_protocol(login)
            is_present = self.admit(login)
        except Refused as refused:
            self._refuse(refused)
            return
        self._line.write(packets.packet(packets.CONNACK, bytes([is_present, 0])))
        self._watch()
        self.welcomed()

    def _see_to_protocol(self, login: Connect) -> None:
        if login.level != packets.LEVEL:
            self._service.violate(self.who, f"speaks MQTT of level {login.level}, not 3.1.1")
            raise Refused("another protocol", UNACCEPTABLE_PROTOCOL)
        if self._service.faults.connacks:
            raise Refused("told to", self._service.faults.connacks.pop(0))

    def _refuse(self, refused: Refused) -> None:
        self._refused = True
        self._service.refuse(self.who, str(refused))
        self._line.write(packets.packet(packets.CONNACK, bytes([0, refused.code])))
        self._loop.call_later(LINGER_S, self.end, "refused")

    def _subscribe(self, packet_id: int, wanted: list[tuple[str, int]]) -> None:
        for name, _ in wanted:
            if not self.may_subscribe(name):
                raise Violation(f"subscribes to {name}, which nobody may")

        if self._service.faults.is_basic:
            refused = bytes([NOT_GRANTED] * len(wanted))
            self._line.write(packets.numbered(packets.SUBACK, packet_id, refused))
            return

        def confirm() -> None:
            granted = [(name, min(qos, 1)) for name, qos in wanted]
            self._line.write(packets.numbered(packets.SUBACK, packet_id, bytes(qos for _, qos in granted)))
            for name, qos in granted:
                self.subscribed(name, qos)

        self.later(self._service.faults.suback_delay_s, confirm)

    def _watch(self) -> None:
        """Cut who is silent for too long."""
        assert self._login is not None
        allowed_s = min(self._login.keepalive_s * KEEPALIVE_FACTOR or MAX_SILENCE_S, MAX_SILENCE_S)
        left_s = self._heard_s + allowed_s - self._loop.time()
        if left_s <= 0:
            self.end("keep-alive")
        else:
            self.later(left_s, self._watch)

    def _finish(self, why: str) -> None:
        if self.is_over:
            return
        self.is_over = True
        for timer in self._timers:
            timer.cancel()
        self.gone(why)
        self._service.ended(self.who, why)
