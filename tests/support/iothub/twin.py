"""A device twin and its limits (contract sheet, section 8). Pure."""

import json
import re
from typing import Any

MAX_BYTES = 32 * 1024
"""Of desired and of reported properties, each."""

MAX_DEPTH = 10
MAX_KEY_BYTES = 1024
MAX_TEXT_BYTES = 4096
MAX_INTEGER = 2**52

FORBIDDEN_IN_KEYS = re.compile(r"[\x00-\x1f\x7f-\x9f.$ ]")


class Refused(Exception):
    """Why a patch is not taken."""


class Twin:
    """Desired and reported properties with their versions."""

    def __init__(self) -> None:
        self.desired: dict[str, Any] = {}
        self.reported: dict[str, Any] = {}
        self.desired_version = 1
        self.reported_version = 1

    def document(self) -> bytes:
        """What a GET answers; no tags."""
        desired = {**self.desired, "$version": self.desired_version}
        return encoded({"desired": desired, "reported": {**self.reported, "$version": self.reported_version}})

    def report(self, payload: bytes) -> int:
        """A patch of the device; the new version. Raises Refused."""
        self.reported = patched(self.reported, decoded(payload))
        self.reported_version += 1
        return self.reported_version

    def desire(self, patch: dict[str, Any]) -> bytes:
        """A patch of the back end; what a device that listens is told. Raises Refused."""
        self.desired = patched(self.desired, patch)
        self.desired_version += 1
        return encoded({**patch, "$version": self.desired_version})


def patched(properties: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """A merge patch put on; null deletes. Raises Refused when the patch or the outcome is beyond the limits."""
    _see_that_it_may_be(patch, 1)
    merged = _merged(properties, patch)
    if len(encoded(merged)) > MAX_BYTES:
        raise Refused(f"more than {MAX_BYTES} bytes of properties")
    return merged


def decoded(payload: bytes) -> dict[str, Any]:
    """Raises Refused for what is no JSON object."""
    try:
        patch = json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refused(f"not JSON: {error}") from None
    if not isinstance(patch, dict):
        raise Refused("not a JSON object")
    return patch


def encoded(properties: dict[str, Any]) -> bytes:
    return json.dumps(properties, separators=(",", ":"), ensure_ascii=False).encode()


def _merged(properties: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(properties)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            below = merged.get(key)
            merged[key] = _merged(below if isinstance(below, dict) else {}, value)
        else:
            merged[key] = value
    return merged


def _see_that_it_may_be(value: Any, depth: int) -> None:
    if isinstance(value, dict):
        if depth > MAX_DEPTH:
            raise Refused(f"nested more than {MAX_DEPTH} deep")
        for key, below in value.items():
            if not key or FORBIDDEN_IN_KEYS.search(key):
                raise Refused(f"a key that can't be one: {key!r}")
            if len(key.encode()) > MAX_KEY_BYTES:
                raise Refused(f"a key of more than {MAX_KEY_BYTES} bytes")
            _see_that_it_may_be(below, depth + 1)
    elif isinstance(value, list):
        for below in value:
            _see_that_it_may_be(below, depth + 1)
    elif isinstance(value, str) and len(value.encode()) > MAX_TEXT_BYTES:
        raise Refused(f"a text of more than {MAX_TEXT_BYTES} bytes")
    elif isinstance(value, int) and abs(value) > MAX_INTEGER:
        raise Refused(f"an integer beyond 2^52: {value}")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
