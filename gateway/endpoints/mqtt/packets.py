"""What a broker answers, read from the body of its packet; paho refuses reason codes that it does not expect.

All raise what is in client.MALFORMED when the packet breaks the protocol.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from typing_extensions import override

from gateway.endpoints.mqtt.reasons import RETURN_CODES, Said

NAMES = (
    *("0", "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP"),
    *("SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH"),
)
"""By packet type (MQTT 5, 2.1.2)."""

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, DISCONNECT = 2, 3, 4, 9, 13, 14

Body = bytes | bytearray

NO_LIMIT_BYTES = 268_435_455
"""The largest remaining length a packet can have (MQTT 5, 1.5.5)."""

NO_LIMIT_MESSAGES = 65_535
"""What a server takes unacknowledged that names no Receive Maximum (MQTT 5, 3.2.2.3.3)."""


class Allowed(Struct, frozen=True):
    """What the server takes (MQTT 5, 3.2.2.3), whether it has kept a session, and how long it will keep this one."""

    in_flight: int = NO_LIMIT_MESSAGES
    packet_bytes: int = NO_LIMIT_BYTES
    aliases: int = 0
    retain: bool = True
    qos1: bool = True
    wildcards: bool = True
    session_present: bool = False
    session_expiry_s: float | None = None
    keepalive_s: int | None = None


class Greeting(Properties):
    """Of a CONNACK. paho refuses a Maximum Packet Size that no packet can have, which some servers name."""

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        if name.replace(" ", "") == "MaximumPacketSize":
            value = min(value, NO_LIMIT_BYTES)
        super().__setattr__(name, value)  # type: ignore[no-untyped-call]  # as below


def properties_of(packet_type: int) -> Any:
    """No properties yet, of a packet of this type."""
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho types it only in part


def connack(packet: Body, *, v5: bool) -> tuple[Said, Allowed]:
    """Whether a CONNECT is taken, and what is (MQTT 5, 3.2; MQTT 3.1.1, 3.2)."""
    if len(packet) < 2:
        raise ValueError("a CONNACK that is cut short")
    present, code = bool(packet[0] & 1), packet[1]
    if code in RETURN_CODES or not v5:
        return Said(RETURN_CODES.get(code, code)), Allowed(session_present=present)
    found: Any = Greeting(PacketTypes.CONNACK)  # type: ignore[no-untyped-call]  # as above
    if len(packet) > 2:
        found.unpack(packet[2:])
    said = Said(code, getattr(found, "ReasonString", None), getattr(found, "ServerReference", None))
    return said, Allowed(
        in_flight=getattr(found, "ReceiveMaximum", NO_LIMIT_MESSAGES),
        packet_bytes=getattr(found, "MaximumPacketSize", NO_LIMIT_BYTES),
        aliases=getattr(found, "TopicAliasMaximum", 0),
        retain=bool(getattr(found, "RetainAvailable", 1)),
        qos1=bool(getattr(found, "MaximumQoS", 1)),
        wildcards=bool(getattr(found, "WildcardSubscriptionAvailable", 1)),
        session_present=present,
        session_expiry_s=getattr(found, "SessionExpiryInterval", None),
        keepalive_s=getattr(found, "ServerKeepAlive", None),
    )


def puback(packet: Body) -> tuple[int, Said]:
    """Of which packet id, and what (MQTT 5, 3.4)."""
    if len(packet) < 2:
        raise ValueError("a PUBACK that is cut short")
    code = packet[2] if len(packet) > 2 else 0
    return packet[0] << 8 | packet[1], _said(code, PacketTypes.PUBACK, packet[3:])


def suback(packet: Body, *, v5: bool) -> tuple[int, list[Said]]:
    """Of which packet id, and what of each filter (MQTT 5, 3.9; MQTT 3.1.1, 3.9)."""
    if len(packet) < 3:
        raise ValueError("a SUBACK that is cut short")
    packet_id, at, text = packet[0] << 8 | packet[1], 2, None
    if v5:
        properties = properties_of(PacketTypes.SUBACK)
        at += properties.unpack(packet[2:])[1]
        text = getattr(properties, "ReasonString", None)
    return packet_id, [Said(code, text) for code in packet[at:]]


def disconnect(packet: Body) -> Said:
    """Why the broker goes (MQTT 5, 3.14)."""
    return _said(packet[0] if packet else 0, PacketTypes.DISCONNECT, packet[1:])


def _said(code: int, packet_type: int, rest: Body) -> Said:
    """A reason code with the properties behind it, which may be left out."""
    if not rest:
        return Said(code)
    properties = properties_of(packet_type)
    properties.unpack(rest)
    return Said(code, getattr(properties, "ReasonString", None), getattr(properties, "ServerReference", None))
