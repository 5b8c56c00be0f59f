"""Envelopes as IoT Hub's telemetry: what the topic says of each message. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from gateway.endpoints.azure_iot_hub import topics
from gateway.endpoints.contract import Message
from gateway.endpoints.payload import content_type_of

READING, MIXED = "reading", ""

HEAD = re.compile(rb'"session":(\d+),"seq":(\d+)(?:,"device":"[^"]*")?(?:,"time":"([^"]{1,32}Z)")?')
"""Of an envelope, also within an event: its identity, and when. Before these there are ids only."""

HEAD_BYTES = 1024
"""An envelope begins with its head, an event with at most 500 bytes before it; ids have at most 64 characters."""

CONTENT_TYPE, ENCODING, MESSAGE_ID = "$.ct", "$.ce", "$.mid"
"""System properties ("Create and read IoT Hub messages"); names of those do not count for a message's size."""

CREATED = "iothub-creation-time-utc"
"""When it was so in truth, for the back end; an application property."""

MARGIN_BYTES = 100
"""A session and a sequence number of 20 digits each, a time, a checksum."""

LONGEST = Message(0, READING, "x" * 64, b"")


class Telemetry:
    """Topics of one gateway's messages. `per_device`: only readings of one device travel together."""

    def __init__(self, path: str, gateway: str, *, per_device: bool) -> None:
        self._path = path
        self._gateway = gateway
        self._per_device = per_device

    def group_of(self, message: Message) -> str | None:
        """Readings travel together."""
        if message.kind != READING:
            return None
        return message.device if self._per_device else MIXED

    def alone(self, message: Message) -> str:
        """Of one message."""
        return topics.events(self._path, self._properties(message.kind, message.device, message.payload))

    def together(self, group: str, payload: bytes) -> str:
        """Of an array of readings."""
        return topics.events(self._path, self._properties(READING, group, payload))

    def will(self, payload: bytes) -> str:
        """Of what the hub says when we are lost, which it marks as a will itself."""
        return topics.events(self._path, self._properties("status", "", payload))

    @property
    def property_bytes(self) -> int:
        """What properties may add to the size of a message: values, and names of those that are not the system's."""
        longest = self._properties(READING, LONGEST.device, b"[" + b'"session":1,"seq":1,"time":"Z"')
        return sum(_size(name, value) for name, value in longest) + MARGIN_BYTES

    def _properties(self, kind: str, device: str, payload: bytes) -> Iterator[tuple[str, str]]:
        yield CONTENT_TYPE, content_type_of(payload)
        yield ENCODING, "utf-8"
        head = HEAD.search(payload, 0, HEAD_BYTES)
        if head is not None:
            session, seq, time = (None if part is None else part.decode() for part in head.groups())
            yield MESSAGE_ID, f"{session}-{seq}" + (f"-{zlib.crc32(payload):08x}" if payload.startswith(b"[") else "")
            if time is not None:
                yield CREATED, time
        yield "kind", kind
        yield "gateway", self._gateway
        if device:
            yield "device", device


def _size(name: str, value: str) -> int:
    return len(value) + (0 if name.startswith("$.") else len(name))
