"""Envelopes as IoT Hub's telemetry: what the topic says of each message. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

from gateway.endpoints.azure_iot_hub import topics
from gateway.endpoints.contract import Message
from gateway.endpoints.payload import BATCH_TYPE, UNSYNCED, content_type_of

READING, MIXED = "reading", ""

HEAD = re.compile(
    rb'"stream":"([A-Za-z0-9_-]{1,64})","session":(\d{1,20}),"seq":(\d{1,20})'
    rb'(?:,"device":"[^"]*")?(?:,"time":"([0-9T:.-]{1,32}Z)"(?!' + re.escape(UNSYNCED) + rb"))?"
)
"""Of an envelope, also within an event: its identity, and when, unless the clock was wrong. Before these there are
numbers and ids only, which have no quotes in them."""

HEAD_BYTES = 1024
"""An envelope begins with its head, an event with at most 500 bytes before it; ids have at most 64 characters."""

CONTENT_TYPE, ENCODING, MESSAGE_ID = "$.ct", "$.ce", "$.mid"
"""System properties ("Create and read IoT Hub messages"); names of those do not count for a message's size."""

CREATED = "iothub-creation-time-utc"
"""When it was so in truth, for the back end; an application property."""

LONGEST_ID = "x" * 64
"""Of a stream, a gateway or a device."""

NUMBERS_BYTES = 10 + 12 + len("---00000000")
"""In a message id: a session (Unix seconds), a sequence number that no session will reach, a checksum."""

TIME_BYTES = len("2026-11-23T09:01:02.345Z")


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

    def behind(self, message: Message) -> str | None:
        """A word on a device goes behind its readings; one of the gateway sends no batch off half full."""
        if not message.device:
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
        longest = dict(self._properties(READING, LONGEST_ID, b"")) | {
            CONTENT_TYPE: BATCH_TYPE,
            MESSAGE_ID: LONGEST_ID + "x" * NUMBERS_BYTES,
            CREATED: "x" * TIME_BYTES,
        }
        return sum(_size(name, value) for name, value in longest.items())

    def _properties(self, kind: str, device: str, payload: bytes) -> Iterator[tuple[str, str]]:
        yield CONTENT_TYPE, content_type_of(payload)
        yield ENCODING, "utf-8"
        head = HEAD.search(payload, 0, HEAD_BYTES)
        if head is not None:
            stream, session, seq, time = (None if part is None else part.decode() for part in head.groups())
            yield MESSAGE_ID, f"{stream}-{session}-{seq}{_mark(payload)}"
            if time is not None:
                yield CREATED, time
        yield "kind", kind
        yield "gateway", self._gateway
        if device:
            yield "device", device


def _mark(payload: bytes) -> str:
    """Of an array: what is sent again may hold more or fewer than the first time, and is another message then."""
    return f"-{zlib.crc32(payload):08x}" if payload.startswith(b"[") else ""


def _size(name: str, value: str) -> int:
    return len(value) + (0 if name.startswith("$.") else len(name))
