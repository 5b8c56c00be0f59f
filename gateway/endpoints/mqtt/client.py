"""paho, given a connection that is already there, bounds, and a short way for the commonest packets.

All methods are paho's own inner seams (ARCHITECTURE.md, decisions 5 and 6); tests/endpoints holds them against a real
broker.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt import MQTTException
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties

from gateway.endpoints.contract import EndpointError
from gateway.endpoints.reach import Wire

PUBACK_SUCCESS_BYTES = 2
"""A PUBACK that ends after the packet id says success (MQTT 5, 3.4.2.1; MQTT 3.1.1, 3.4.2)."""

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

MAX_PACKET_BYTES = 128 * 1024
"""What the broker may send in one packet: a command has at most 64 KiB (gateway.commands.decode), its topic and
properties need their room, and nothing else that comes is large."""

MALFORMED = (MQTTException, ValueError, LookupError, struct.error)
"""What paho raises on packets that break the protocol: UnicodeDecodeError on a topic, for one."""


class Client(paho.Client):
    """One connection's protocol; `on_success(mid)` is called for each plain PUBACK."""

    wire: Wire
    on_success: Callable[[int], None]

    def halve_keepalive(self, keepalive_s: float) -> float:
        """Once connected: ask for a sign of life after half of what was announced, or the server wants; returns that.

        paho waits for one interval before it asks, and for another until it gives up.
        """
        half_s = min(self._keepalive or keepalive_s, keepalive_s) / 2
        self._keepalive = half_s  # type: ignore[assignment]  # it is only compared from now on
        return half_s

    def send(self, topic: str, payload: bytes, *, retain: bool) -> int:
        """Publish at QoS 1, without properties; returns the packet id. Raises OSError if the connection is closed.

        paho's own way makes four objects and takes six locks for it.
        """
        packet_id = self._mid_generate()
        while packet_id in self._out_messages:  # still in flight since the numbers last began anew
            packet_id = self._mid_generate()
        head = topic.encode()
        tail = PACKET_ID.pack(packet_id) + (NO_PROPERTIES if self._protocol == paho.MQTTv5 else b"")
        packet = bytearray((PUBLISH_QOS1 | retain,))
        self._pack_remaining_length(packet, PACKET_ID.size + len(head) + len(tail) + len(payload))
        self.wire.send(b"".join((packet, PACKET_ID.pack(len(head)), head, tail, payload)))
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
        if head["have_remaining"] and head["remaining_length"] > MAX_PACKET_BYTES:
            raise EndpointError(
                f"the broker sends a packet of {head['remaining_length']} bytes, more than {MAX_PACKET_BYTES}: "
                "is there an oversized or retained message on a command topic?"
            )

    def _handle_pubackcomp(self, cmd: Any) -> MQTTErrorCode:
        """A PUBACK of two bytes is a success (MQTT 5, 3.4.2.1): no need to build a reason code and properties."""
        packet = self._in_packet["packet"]
        if cmd != "PUBACK" or len(packet) != PUBACK_SUCCESS_BYTES:
            return super()._handle_pubackcomp(cmd)
        self._succeeded(packet[0] << 8 | packet[1])
        return MQTTErrorCode.MQTT_ERR_SUCCESS


def properties_of(packet_type: int) -> Any:
    """No properties yet, of a packet of this type."""
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho types it only in part
