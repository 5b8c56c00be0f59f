"""Reads pieces of the files against their models, and remembers what they say for the hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar

from pydantic import BaseModel

from gateway.config import shapes, wording
from gateway.config.diagnostics import Findings, Span
from gateway.config.fill import Filler, canonical
from gateway.config.nodes import Node
from gateway.config.validate import Piece, validate

HASH_DIGITS = 16
"""Hexadecimal digits: plenty to tell two configurations of one gateway apart."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class Reader:
    """What all parts of one configuration are read with."""

    def __init__(self, filler: Filler, findings: Findings) -> None:
        self.filler = filler
        self.findings = findings
        self._content: dict[str, str] = {}
        """By piece, a digest of what it says: all of it as text would be many times the file."""

    def checked(self, node: Node, own: Span, model: type[ModelT], name: str) -> ModelT | None:
        """A piece as an instance of its model; None where it has errors. `own` is where its key stands."""
        expected = shapes.shape(model)
        filled = self.filler.fill(node, expected)
        instance = validate(Piece(node, own, filled), model, self.findings)
        if instance is not None:
            self._content[name] = _digest(canonical(node, filled, expected))
        return instance

    def is_id(self, key: object, own: Span) -> bool:
        """Whether a key may be an id; if not, that is among the findings."""
        if wording.is_id(key):
            return True
        self.findings.add("E118", wording.bad_id(), own)
        return False

    def content_hash(self) -> str:
        """Of everything read so far, whatever its order."""
        return _digest(self._content)[:HASH_DIGITS]


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
