"""paho, given a connection that is already there, bounds, and a short way for the commonest packets.

All methods are paho's own inner seams (ARCHITECTURE.md, decisions 5 and 6); tests/endpoints holds them against a real
broker.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any, Protocol

import paho.mqtt.client as paho
from paho.mqtt import MQTTException
from paho.mqtt.client import _ConnectionState as State  # type: ignore[attr-defined]  # it has no public name
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.exception import MalformedPacket

from gateway.endpoints.contract import EndpointError
from gateway.endpoints.mqtt import packets
from gateway.endpoints.mqtt.aliases import Aliases
from gateway.endpoints.mqtt.party import MAX_PACKET_BYTES
from gateway.endpoints.mqtt.reasons import FAILURE, Said
from gateway.endpoints.reach import Wire

PLAIN_PUBACK = 0x4002
"""One of this length: its fixed header (MQTT 5, 3.4.1; MQTT 3.1.1, 3.4.1)."""

PUBACK = struct.Struct(">HH")
"""Fixed header and packet id of a plain one."""

PUBLISH_QOS1 = 0x32
"""PUBLISH, sent for the first time at QoS 1 (MQTT 5, 3.3.1); its lowest bit is RETAIN."""

NO_PROPERTIES = b"\0"
"""Their length in MQTT 5 (2.2.2.1)."""

PACKET_ID = struct.Struct(">H")

PUBLISHED = paho.MQTTMessage()
"""Stands in paho's books for each of ours that is not acknowledged: it needs no more of it than that."""
PUBLISHED.qos = 1

MALFORMED = (MQTTException, ValueError, LookupError, struct.error)
"""What paho raises on packets that break the protocol: UnicodeDecodeError on a topic, for one."""


class Answers(Protocol):
    """What a client calls when the broker has spoken."""

    def welcomed(self, allowed: packets.Allowed) -> None:
        """The CONNECT is taken."""

    def refused(self, said: Said) -> None:
        """The CONNECT is not."""

    def not_taken(self, packet_id: int, said: Said) -> None:
        """A publish is not."""

    def subscribed(self, packet_id: int, said: list[Said]) -> None:
        """A subscription is answered, each of its filters."""

    def dismissed(self, said: Said) -> None:
        """The broker ends the connection."""


class Client(paho.Client):
    """One connection's protocol; `on_success(packet_id)` is called for each publish that is taken."""

    wire: Wire
    answers: Answers
    on_success: Callable[[int], None]
    aliases: Aliases | None = None
    max_packet_bytes = MAX_PACKET_BYTES

    def halve_keepalive(self, keepalive_s: float) -> float:
        """Once connected: ask for a sign of life after half of what was announced, or the server wants; returns that.

        paho waits for one interval before it asks, and for another until it gives up.
        """
        half_s = min(self._keepalive or keepalive_s, keepalive_s) / 2
        self._keepalive = half_s  # type: ignore[assignment]  # it is only compared from now on
        return half_s

    def send(self, topic: str, payload: bytes, *, retain: bool, properties: bytes = b"") -> int:
        """Publish at QoS 1; returns the packet id. Raises OSError if the connection is closed.

        `properties`: encoded ones of MQTT 5, less than 125 bytes. paho's own way makes four objects and takes six
        locks for it.
        """
        packet_id = self._mid_generate()
        while packet_id in self._out_messages:  # still in flight since the numbers last began anew
            packet_id = self._mid_generate()
        if self.aliases is not None:
            head, alias = self.aliases.named(topic)
            properties += alias
        else:
            name = topic.encode()
            head = PACKET_ID.pack(len(name)) + name
        tail = PACKET_ID.pack(packet_id)
        if self._protocol == paho.MQTTv5:
            tail += b"%c%b" % (len(properties), properties) if properties else NO_PROPERTIES
        packet = bytearray((PUBLISH_QOS1 | retain,))
        self._pack_remaining_length(packet, len(head) + len(tail) + len(payload))
        self.wire.send(b"".join((packet, head, tail, payload)))
        self._last_msg_out = time.monotonic()
        self._out_messages[packet_id] = PUBLISHED
        self._inflight_messages += 1
        return packet_id

    def take_pubacks(self) -> None:
        """The plain ones that come first of what has come: paho reads each in three pieces."""
        if self._in_packet["command"]:
            return  # it is in the midst of another packet
        inbox, at = self.wire.inbox, 0
        for head, packet_id in PUBACK.iter_unpack(bytes(inbox[: len(inbox) // PUBACK.size * PUBACK.size])):
            if head != PLAIN_PUBACK:
                break
            at += PUBACK.size
            self._succeeded(packet_id)
        if at:
            del inbox[:at]
            self._last_bytes_received = time.monotonic()

    def _succeeded(self, packet_id: int) -> None:
        if self._out_messages.pop(packet_id, None) is not None:
            self._inflight_messages -= 1
            self.on_success(packet_id)

    def _create_socket(self) -> Any:
        return self.wire

    def _sock_recv(self, bufsize: int) -> bytes:
        self._refuse_if_too_large()
        return super()._sock_recv(bufsize)

    def _refuse_if_too_large(self) -> None:
        """Ends the connection as soon as a fixed header announces too much (MQTT 5, 2.1.4), before that is kept."""
        head = self._in_packet
        if head["have_remaining"] and head["remaining_length"] > self.max_packet_bytes:
            raise EndpointError(
                f"the broker sends a packet of {head['remaining_length']} bytes, more than {self.max_packet_bytes}: "
                "is there an oversized or retained message on a command topic?"
            )

    def _packet_handle(self) -> MQTTErrorCode:
        """Only what a broker may send to one who subscribes at QoS 1; raises what is in MALFORMED."""
        kind, packet, v5 = self._in_packet["command"] >> 4, self._in_packet["packet"], self._protocol == paho.MQTTv5
        is_connected = self._state == State.MQTT_CS_CONNECTED
        if (kind == packets.CONNACK) == is_connected and not (kind == packets.DISCONNECT and v5):
            raise ValueError(f"{packets.NAMES[kind]} {'once more' if is_connected else 'before CONNACK'}")
        if kind == packets.CONNACK:
            self._greeted(*packets.connack(packet, v5=v5))
        elif kind == packets.PUBACK:
            self._acknowledged(*packets.puback(packet))
        elif kind == packets.SUBACK:
            self.answers.subscribed(*packets.suback(packet, v5=v5))
        elif kind == packets.DISCONNECT and v5:
            self.answers.dismissed(packets.disconnect(packet))
        elif kind in (packets.PUBLISH, packets.PINGRESP):
            return self._by_paho()
        else:
            raise ValueError(f"a packet of type {packets.NAMES[kind]}")
        return MQTTErrorCode.MQTT_ERR_SUCCESS

    def _by_paho(self) -> MQTTErrorCode:
        try:
            code = super()._packet_handle()
        except MalformedPacket as error:  # whoever calls this would keep it to himself
            raise ValueError(str(error)) from error
        if code == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            raise ValueError(f"a broken {packets.NAMES[self._in_packet['command'] >> 4]}")
        return code

    def _greeted(self, said: Said, allowed: packets.Allowed) -> None:
        if said.code:
            self.answers.refused(said)
            return
        if allowed.keepalive_s is not None:
            self._keepalive = allowed.keepalive_s
        self._state = State.MQTT_CS_CONNECTED
        self.answers.welcomed(allowed)

    def _acknowledged(self, packet_id: int, said: Said) -> None:
        if said.code < FAILURE:
            self._succeeded(packet_id)
        elif self._out_messages.pop(packet_id, None) is not None:
            self._inflight_messages -= 1
            if self.aliases is not None:
                self.aliases.doubt()
            self.answers.not_taken(packet_id, said)
