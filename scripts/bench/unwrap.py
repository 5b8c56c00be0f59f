"""Readings out of messages: one by one or in batches, bare or as the data of CloudEvents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gateway.endpoints.payload import JSON_TYPE, content_type_of


def reader_of(reading: Any) -> Callable[[bytes, bytes], list[Any]]:
    """Decodes what came on a topic into such structs; raises msgspec.DecodeError."""
    event: Any = msgspec.defstruct("Event", [("data", reading)])
    bare = msgspec.json.Decoder(reading).decode, msgspec.json.Decoder(list[reading]).decode
    events = msgspec.json.Decoder(event).decode, msgspec.json.Decoder(list[event]).decode

    def read(topic: bytes, payload: bytes) -> list[Any]:
        is_bare = content_type_of(payload) == JSON_TYPE
        alone, together = bare if is_bare else events
        found = together(payload) if topic.endswith(b"/batch") else [alone(payload)]
        return found if is_bare else [each.data for each in found]

    return read
