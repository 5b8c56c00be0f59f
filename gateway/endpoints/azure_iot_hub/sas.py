"""Shared access signatures ("Control access to IoT Hub with shared access signatures"). Pure: the time is given."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote


def token(resource: str, key: str, ends_s: int, policy: str | None = None) -> str:
    """Opens `resource` until then (Unix seconds); the signature covers the encoded URI just as it stands in it."""
    uri = quote(resource, safe="")
    digest = hmac.new(base64.b64decode(key), f"{uri}\n{ends_s}".encode(), hashlib.sha256).digest()
    signature = quote(base64.b64encode(digest).decode(), safe="")
    whose = f"&skn={quote(policy, safe='')}" if policy is not None else ""
    return f"SharedAccessSignature sr={uri}&sig={signature}&se={ends_s}{whose}"
