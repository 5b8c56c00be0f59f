"""Topics of IoT Hub and what stands in them ("Use MQTT to communicate with IoT Hub"). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

METHODS = "$iothub/methods/POST/"
"""What the topic of a direct method's request begins with."""

METHOD_FILTER = f"{METHODS}#"

METHOD = re.compile(r"\$iothub/methods/POST/(?P<name>[^/]+)/\?\$rid=(?P<rid>[^&]+)")


ENCODED_KEPT = 1024
"""Texts whose encoding is remembered: names and most values are the same in each message, of a device at least."""


class Called(NamedTuple):
    """A direct method's name, and its request id: a text, echoed just as it stands, of which nothing is known."""

    method: str
    rid: str


def events(identity: str, properties: Iterable[tuple[str, str]] = ()) -> str:
    """Where telemetry goes; `identity` is `devices/{id}`, or that and `/modules/{id}`.

    Each reserved character must be encoded: the hub closes the connection over one that is not.
    """
    bag = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in properties)
    return f"{identity}/messages/events/{bag}"


def devicebound(device_id: str) -> str:
    """What the topic of a message from the cloud begins with: its property bag follows."""
    return f"devices/{device_id}/messages/devicebound/"


def bag(text: str) -> Mapping[str, str]:
    """The properties of a message from the cloud: keys are encoded, too; one without a value is empty."""
    pairs = (pair.partition("=") for pair in text.split("&") if pair)
    return {unquote(key): unquote(value) for key, _, value in pairs}


def called(topic: str) -> Called | None:
    """Of a topic that begins with METHODS; None where it can't be answered, as it has no request id."""
    match = METHOD.match(topic)
    return Called(unquote(match["name"]), match["rid"]) if match is not None else None


def answer(status: int, rid: str) -> str:
    """Where a direct method is answered."""
    return f"$iothub/methods/res/{status}/?$rid={rid}"


@lru_cache(ENCODED_KEPT)
def _encoded(text: str) -> str:
    return quote(text, safe="")
