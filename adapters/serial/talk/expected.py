"""Patterns of answers, with names in them replaced by what they must be. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from adapters.serial.talk.number import in_characters
from gateway.model import Value

_NAMED = re.compile(r"(?<!\\)\{([A-Za-z_][A-Za-z0-9_-]*)\}")
"""No quantifier: these begin with digits."""
_CLASS = re.compile(r"\\[pPx]$")
"""What stands before braces that are the engine's own, as in `\\p{Greek}`."""


def names_in(pattern: str) -> frozenset[str]:
    """What must be known before it can be used."""
    return frozenset(match[1] for match in _NAMED.finditer(pattern) if not _CLASS.search(pattern[: match.start()]))


def filled(pattern: str, values: Mapping[str, Value]) -> str:
    """With what is known of its names as literal text; other names stay as they are."""

    def literal(match: re.Match[str]) -> str:
        value = values.get(match[1])
        if value is None or _CLASS.search(pattern[: match.start()]):
            return match[0]
        return re.escape(in_characters(None, value))

    return _NAMED.sub(literal, pattern)
