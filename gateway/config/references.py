"""References in scalars: ${env:NAME}, ${env:NAME:-default}, ${secret:NAME} and ${file:PATH}."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

Scheme = Literal["env", "secret", "file"]

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<body>[^{}]*)\}|\$\{")
_ENV = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-.*)?", re.DOTALL)
_SECRET = re.compile(r"secret:(?P<name>[A-Za-z0-9_-][A-Za-z0-9_.-]*)")
_FILE = re.compile(r"file:(?P<name>[^\s].*)")


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a value is to be found."""

    scheme: Scheme
    name: str
    default: str | None = None

    def __str__(self) -> str:
        return f"${{{self.scheme}:{self.name}}}"


@dataclass(frozen=True, slots=True)
class Template:
    """A scalar with references in it."""

    raw: str
    parts: tuple[str | Reference, ...]

    @property
    def whole(self) -> bool:
        """Nothing but one reference."""
        return len(self.parts) == 1

    @property
    def holds_literals(self) -> bool:
        """Part of the value stands in the file itself."""
        return any(isinstance(part, str) or part.default is not None for part in self.parts)

    @property
    def references(self) -> list[Reference]:
        """The parts that are not text."""
        return [part for part in self.parts if isinstance(part, Reference)]


class MalformedReference(Exception):
    """The message says what is wrong, without the text."""


def parse(text: str) -> Template | str:
    """The scalar's parts; its plain text where nothing refers to anything."""
    parts: list[str | Reference] = []
    position = 0
    for match in _REFERENCE.finditer(text):
        literal = text[position : match.start()]
        position = match.end()
        if match[0] == "$${":
            _append_text(parts, literal + "${")
        else:
            _append_text(parts, literal)
            parts.append(_reference(match["body"]))
    _append_text(parts, text[position:])
    if not any(isinstance(part, Reference) for part in parts):
        return "".join(cast("list[str]", parts))
    return Template(text, tuple(parts))


def _append_text(parts: list[str | Reference], text: str) -> None:
    if not text:
        return
    if parts and isinstance(last := parts[-1], str):
        parts[-1] = last + text
    else:
        parts.append(text)


def _reference(body: str | None) -> Reference:
    if body is None:
        raise MalformedReference("a reference that is not closed - write ${env:NAME}, or $${ if text is meant")
    if match := _ENV.fullmatch(body):
        default = match["default"]
        return Reference("env", match["name"], None if default is None else default[2:])
    if match := _SECRET.fullmatch(body):
        return Reference("secret", match["name"])
    if match := _FILE.fullmatch(body):
        return Reference("file", match["name"])
    raise MalformedReference(
        "a malformed reference - write ${env:NAME}, ${env:NAME:-default}, ${secret:NAME} or ${file:PATH};"
        " $${ if text is meant"
    )
