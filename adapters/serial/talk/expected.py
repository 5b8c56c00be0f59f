"""What an answer looks like: patterns in which names stand for what they must be. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from adapters.serial.patterns import Encoding, Pattern, compiled
from gateway.model import Value
from gateway.template.number import in_characters

_NAMED = re.compile(r"(?<!\\)\{([A-Za-z_][A-Za-z0-9_-]*)\}")
"""No quantifier: these begin with digits."""
_CLASS = re.compile(r"\\[pPx]$")
"""What stands before braces that are the engine's own, as in `\\p{Greek}`."""


class Expected:
    """One pattern, resolved as far as is `known`; `names` is what must still be known to use it."""

    def __init__(self, pattern: str, known: Mapping[str, Value], encoding: Encoding = "latin-1") -> None:
        self._text = filled(pattern, known)
        self._encoding: Encoding = encoding
        self.names = names_in(self._text)
        self._compiled = None if self.names else compiled(self._text, encoding)

    def given(self, values: Mapping[str, Value]) -> Pattern:
        """With all that is known by now."""
        if self._compiled is not None:
            return self._compiled
        return compiled(filled(self._text, values), self._encoding)


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
