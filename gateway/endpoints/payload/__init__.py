"""What messages look like: UTF-8 JSON without white space, in either format. Pure."""

from __future__ import annotations

from typing import Literal

from gateway.endpoints.payload.encoder import CORRECTED, UNSYNCED, VERSION, Encoder, will
from gateway.endpoints.payload.events import (
    BATCH_TYPE,
    EVENT,
    EVENT_TYPE,
    CloudEvents,
    envelope_in,
    is_event,
    will_event,
)
from gateway.endpoints.payload.times import iso_ms

__all__ = [
    "BATCH_TYPE",
    "CORRECTED",
    "EVENT_TYPE",
    "JSON_TYPE",
    "UNSYNCED",
    "VERSION",
    "Encoder",
    "Format",
    "content_type_of",
    "encoder_for",
    "envelope_in",
    "is_event",
    "iso_ms",
    "last_will",
]

Format = Literal["fieldgate", "cloudevents"]

JSON_TYPE = "application/json"


def encoder_for(form: Format, gateway: str, stream: str, session: int, *, synced: bool = True) -> Encoder:
    """What writes the envelopes of one endpoint (`stream`) in this format."""
    encoder = CloudEvents if form == "cloudevents" else Encoder
    return encoder(gateway, stream, session, synced=synced)


def last_will(gateway: str, form: Format = "fieldgate", nonce: str = "") -> bytes:
    """What the broker says for us when the connection is lost: outside any stream, so without identity.

    `nonce` is this connection's own: events with one id would be duplicates.
    """
    return will_event(gateway, nonce) if form == "cloudevents" else will(gateway)


def content_type_of(payload: bytes) -> str:
    """The media type of an envelope, an event, or an array of either: what it is, whatever is configured by now."""
    if payload.startswith(EVENT):
        return EVENT_TYPE
    return BATCH_TYPE if payload.startswith(EVENT, 1) else JSON_TYPE
