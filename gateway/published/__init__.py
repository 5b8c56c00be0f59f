"""What is published about messages, for programs that read or send them: JSON Schemas and an AsyncAPI description."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from gateway.published.asyncapi import asyncapi
from gateway.published.schemas import cloudevents, command, envelope_text

__all__ = ["DOCUMENTS", "text_of"]


def _written(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "envelope.schema.json": envelope_text,
    "cloudevents.schema.json": lambda: _written(cloudevents()),
    "command.schema.json": lambda: _written(command()),
    "asyncapi.json": lambda: _written(asyncapi()),
}
"""By file name, how each is made."""


def text_of(name: str) -> str:
    """One of them, as it is published."""
    return DOCUMENTS[name]()
