"""Diagnostics: collected while a configuration is read, then shown to people or machines."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.config.source import MASK, Echo, Source

SHORTEST_SCRUBBED = 4
"""Characters: shorter texts are too common in messages to be told from a secret."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; line and column count from 1, and are None where the whole file is meant."""

    file: Path
    line: int | None = None
    column: int | None = None
    end_column: int | None = None
    echo: Echo | None = None

    def __str__(self) -> str:
        return f"{self.file}" if self.line is None else f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains the first."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error or warning, without any secret in it."""

    code: str
    message: str
    place: Place
    related: Related | None = None

    @property
    def severity(self) -> str:
        """`error` or `warning`."""
        return "error" if self.code.startswith("E") else "warning"

    def render(self, color: bool = False) -> str:
        """As compilers write it: `file:line:col: error[E104]: message`, the line and a caret."""
        paint = _paint if color else _plain
        tint = "31" if self.severity == "error" else "33"
        head = f"{paint('1', f'{self.place}:')} {paint(f'1;{tint}', f'{self.severity}[{self.code}]:')} {self.message}"
        lines = [head, *_echo_lines(self.place, paint, tint)]
        if self.related:
            lines.append(f"{paint('1', f'{self.related.place}:')} {paint('1;36', 'note:')} {self.related.message}")
            lines += _echo_lines(self.related.place, paint, "36")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        document = {"severity": self.severity, "code": self.code, "message": self.message, **_json_place(self.place)}
        if self.related:
            document["related"] = {"message": self.related.message, **_json_place(self.related.place)}
        return document


class ConfigError(Exception):
    """The configuration can't be used; `diagnostics` holds every error and warning."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__("\n".join(diagnostic.render() for diagnostic in diagnostics))
        self.diagnostics = diagnostics

    def render(self, color: bool = False) -> str:
        """All of them, as compilers write them."""
        return "\n".join(diagnostic.render(color) for diagnostic in self.diagnostics)


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of a source."""

    source: Source
    start: int
    end: int

    def place(self) -> Place:
        """The same as line and columns, with the line itself as it may be shown."""
        line, column = self.source.place(self.start)
        echo = self.source.echo(self.start, self.end)
        end = min(max(self.end - self.start, 1) + column, len(self.source.line(line)) + 1)
        return Place(self.source.path, line, column, max(end, column), echo)


@dataclass(frozen=True, slots=True)
class _Finding:
    code: str
    message: str
    where: Span | Path
    related: tuple[Span, str] | None


@dataclass
class Findings:
    """What was found so far. Nothing is shown before everything that must be masked is known."""

    _found: list[_Finding] = field(default_factory=list)
    _scrubbed: set[str] = field(default_factory=set)

    def add(self, code: str, message: str, where: Span | Path, related: tuple[Span, str] | None = None) -> None:
        """Note an error or warning, once."""
        finding = _Finding(code, message, where, related)
        if finding not in self._found[-8:]:
            self._found.append(finding)

    def scrub(self, secret: str) -> None:
        """Never let this text appear in a message."""
        if len(secret) >= SHORTEST_SCRUBBED:
            self._scrubbed.add(secret)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._found)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return any(finding.code.startswith("E") for finding in self._found)

    def diagnostics(self, files: Iterable[Path]) -> tuple[Diagnostic, ...]:
        """All of them, in the order of `files` and of the places in them."""
        order = {path: number for number, path in enumerate(files)}
        shown = (self._diagnostic(finding) for finding in self._found)
        return tuple(
            sorted(shown, key=lambda d: (order.get(d.place.file, len(order)), d.place.line or 0, d.place.column or 0))
        )

    def _diagnostic(self, finding: _Finding) -> Diagnostic:
        message = finding.message
        for secret in sorted(self._scrubbed, key=len, reverse=True):
            message = message.replace(secret, MASK)
        related = finding.related and Related(finding.related[0].place(), finding.related[1])
        place = Place(finding.where) if isinstance(finding.where, Path) else finding.where.place()
        return Diagnostic(finding.code, message, place, related)


FEW = 4
"""Words that a person can choose from at a glance."""


def suggestion(word: object, known: Iterable[object]) -> str | None:
    """The one of `known` that a typing error, other capitals or its first letters most likely meant."""
    names = {str(name).lower(): str(name) for name in known}
    text = str(word).lower()
    begun = [name for name in names if text and name.startswith(text)]
    if text in names:
        return names[text]
    found = begun if len(begun) == 1 else difflib.get_close_matches(text, names, n=1)
    return names[found[0]] if found else None


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """The end of a message, or nothing; all that begin like the word, where these are a few."""
    names = list(dict.fromkeys(map(str, known)))
    text = str(word).lower()
    begun = [name for name in names if text and name.lower().startswith(text)]
    if 1 < len(begun) <= FEW and text not in {name.lower() for name in begun}:
        return f" - did you mean {', '.join(map(quoted, begun[:-1]))} or {quoted(begun[-1])}?"
    meant = suggestion(word, names)
    return f" - did you mean {quoted(meant)}?" if meant else ""


def quoted(text: object) -> str:
    """A name from a file as it may stand in a message: printable and not too long."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in str(text))
    return f"'{shown if len(shown) <= 64 else shown[:64] + '…'}'"


def _echo_lines(place: Place, paint: Any, tint: str) -> list[str]:
    if place.echo is None:
        return []
    carets = paint(f"1;{tint}", "^" * place.echo.width)
    return [f"{place.line:>6} | {place.echo.text}", f"{'':>6} | {' ' * place.echo.caret}{carets}"]


def _json_place(place: Place) -> dict[str, Any]:
    return {"file": str(place.file), "line": place.line, "column": place.column, "end_column": place.end_column}


def _paint(style: str, text: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"


def _plain(_style: str, text: str) -> str:
    return text
