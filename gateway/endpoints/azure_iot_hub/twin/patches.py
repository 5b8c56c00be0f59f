"""JSON merge patches (RFC 7396), as twins are changed by: null deletes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

Properties = dict[str, Any]
"""A JSON object."""


def decoded(payload: bytes) -> Properties | None:
    """None for what is no JSON object."""
    try:
        return msgspec.json.decode(payload, type=Properties)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def own(properties: Mapping[str, Any]) -> Properties:
    """Without the hub's: `$version` and its like."""
    return {name: value for name, value in properties.items() if not name.startswith("$")}


def merged(properties: Mapping[str, Any], patch: Mapping[str, Any]) -> Properties:
    """What they are once the patch is put on."""
    outcome = dict(properties)
    for name, value in patch.items():
        if value is None:
            outcome.pop(name, None)
        elif isinstance(value, Mapping):
            below = outcome.get(name)
            outcome[name] = merged(below if isinstance(below, Mapping) else {}, value)
        else:
            outcome[name] = value
    return outcome


def difference(has: Mapping[str, Any], wanted: Mapping[str, Any]) -> Properties:
    """The smallest patch that makes `wanted`, which holds no null, of `has`; empty when they are the same."""
    patch: Properties = {name: None for name in has if name not in wanted}
    for name, value in wanted.items():
        before = has.get(name)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            if below := difference(before, value):
                patch[name] = below
        elif type(value) is not type(before) or value != before:
            patch[name] = value
    return patch


def encoded(properties: Mapping[str, Any]) -> bytes:
    """As JSON."""
    return msgspec.json.encode(properties)
