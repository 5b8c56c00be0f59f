"""Messages from the cloud as commands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

DEVICE = "device"
"""The property that names a device; a command may as well name it itself."""

MESSAGE_ID, EXPIRY = "$.mid", "$.exp"
"""System properties that a command need not repeat ("Send cloud-to-device messages")."""

MAX_ID_CHARACTERS = 128
"""Of a message id; a command's may be as long."""


class Asked(NamedTuple):
    """A command, as a body, and the device that its properties name, if any."""

    device: str
    body: bytes


def asked(properties: Mapping[str, str], body: bytes) -> Asked:
    """Where the body has no `id` and no `expires`, they are the message's own.

    A message comes again until it is acknowledged, so that its id serves. What is no JSON object stays as it is.
    """
    device = properties.get(DEVICE, "")
    own = {"id": properties.get(MESSAGE_ID, "")[:MAX_ID_CHARACTERS], "expires": properties.get(EXPIRY, "")}
    said = _object(body)
    if said is None:
        return Asked(device, body)
    missing = {name: value for name, value in own.items() if value and said.get(name) is None}
    return Asked(device, msgspec.json.encode({**said, **missing}) if missing else body)


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
