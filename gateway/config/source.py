"""The text of one file, and how a place in it is shown without showing a secret."""

from __future__ import annotations

import bisect
import difflib
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

MASK = "***"
MAX_ECHO_COLUMNS = 160
"""A longer line is cut around the place it is shown for: a terminal is rarely wider."""

_BREAK = re.compile(r"\r\n|\r|\n")
_SECRET_WORD = "passw|passphrase|pwd|secret|token(?!_lifetime)|credential|connection_string|api_?key|private_?key|psk"  # noqa: S105 - names
_NAMED = re.compile(r"(?<!\$\{)(?<![\w.-])(?P<name>[\w.-]+)[\"']?[ \t]*[:=][ \t]*(?=\S)")
_SECRET_NAME = re.compile(rf"(?i){_SECRET_WORD}")
_SECRET_WITHOUT_SPACE = re.compile(rf"(?i)(?<!\$\{{)(?:{_SECRET_WORD})[\w.-]*[\"']?[:=](?=[^\s{{])")
_URL_PASSWORD = re.compile(r"://[^\s/@:$]*:(?!\$\{)(?P<password>\S+)@")
_AZURE_KEY = re.compile(r"(?i)(?:sharedaccesskey|[?&\s]sig)=(?P<key>[^\s;&\"']+)")
"""In a connection string or a token, which may stand where neither belongs."""
_PURE_REFERENCE = re.compile(
    r"""(?P<quote>["']?)\$\{(?:(?:secret|file):[^{}"']*|env:\w+)\}(?P=quote)[ \t]*(?:[,}\]]+(?=[ \t,}\]]|$)|\#|$)""",
    re.MULTILINE,
)
_ENTRY = re.compile(r"""[ \t]*(?:-[ \t]+)*["']?[\w.-]+["']?[ \t]*:(?:[ \t]|$)""")


@dataclass(frozen=True, slots=True)
class Echo:
    """A line as it may be shown: masked, printable, with the caret's place in it."""

    text: str
    caret: int
    width: int


@dataclass(eq=False)
class Source:
    """One file's text. `confidential`: nothing of it is ever shown."""

    path: Path
    text: str
    confidential: bool = False
    _masked: list[tuple[int, int]] = field(default_factory=list)
    _starts: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self._starts = [0, *(match.end() for match in _BREAK.finditer(self.text))]

    def place(self, index: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character; the end of the text belongs to its last line with text."""
        last = len(self.text.rstrip("\r\n"))
        index = max(0, min(index, last))
        line = bisect.bisect_right(self._starts, index) - 1
        return line + 1, min(index, self._end(line)) - self._starts[line] + 1

    def line(self, number: int) -> str:
        """The text of a line, without its break."""
        return self.text[self._starts[number - 1] : self._end(number - 1)]

    def mask(self, start: int, end: int) -> None:
        """Never show these characters."""
        self._masked.append((start, end))

    def is_masked(self, index: int) -> bool:
        """Whether this character is never shown."""
        return any(start <= index < end for start, end in self._masked)

    def echo(self, start: int, end: int) -> Echo | None:
        """The line that holds `start`, with a caret under what lies between `start` and `end` on it."""
        if self.confidential:
            return None
        number, column = self.place(start)
        line_start = self._starts[number - 1]
        line = self.line(number)
        hidden = _with_comment(_merged([*self._masked_on(line_start, line), *_masked_by_name(line)]), line)
        return _draw(line, hidden, column - 1, max(column, min(end - line_start, len(line))))

    def _end(self, line: int) -> int:
        if line + 1 == len(self._starts):
            return len(self.text)
        end = self._starts[line + 1] - 1
        return end - 1 if self.text[end - 1 : end + 1] == "\r\n" else end

    def _masked_on(self, line_start: int, line: str) -> list[tuple[int, int]]:
        line_end = line_start + len(line)
        return [
            (max(0, start - line_start), min(len(line), end - line_start))
            for start, end in self._masked
            if start < line_end and end > line_start
        ]


@cache
def is_secret_name(name: str) -> bool:
    """Whether people keep secrets under this name, whatever a model says."""
    return _SECRET_NAME.search(name) is not None


@cache
def _resembles_secret_name(name: str) -> bool:
    close = difflib.get_close_matches(name.lower(), ("password", "passphrase", "secret", "token"), cutoff=0.75)
    return bool(close) or is_secret_name(name)


def mask_by_name(source: Source) -> None:
    """Hide every value that follows a secret's name, for a text that could not be parsed into keys and values."""
    for match in _NAMED.finditer(source.text):
        if _resembles_secret_name(match["name"]) and not _PURE_REFERENCE.match(source.text, match.end()):
            source.mask(match.end(), _value_end(source, match.start(), match.end()))


def _value_end(source: Source, name_start: int, start: int) -> int:
    """Where a value may end that cannot be parsed: its quote, or the last line before another entry's."""
    text = source.text
    if text[start] in "\"'":
        closed = text.find(text[start], start + 1)
        return len(text) if closed < 0 else max(closed + 1, _line_end(text, start))
    number, _ = source.place(name_start)
    indent, end, last = _indent(source.line(number)), _line_end(text, start), source.place(len(text))[0]
    while number < last:
        number += 1
        line = source.line(number)
        if _ENTRY.match(line) and _indent(line) <= indent:
            break
        end = _BREAK.search(text, end).end() + len(line)  # type: ignore[union-attr]
    return end


def _line_end(text: str, start: int) -> int:
    found = _BREAK.search(text, start)
    return found.start() if found else len(text)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def _masked_by_name(line: str) -> list[tuple[int, int]]:
    """What looks like a secret on a line, though it is not the value of a key."""
    spans = [(match.end(), len(line)) for match in _SECRET_WITHOUT_SPACE.finditer(line)]
    spans += [match.span("password") for match in _URL_PASSWORD.finditer(line)]
    return spans + [match.span("key") for match in _AZURE_KEY.finditer(line)]


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _with_comment(hidden: list[tuple[int, int]], line: str) -> list[tuple[int, int]]:
    """A comment after a masked value is masked, too: an unquoted secret with a # in it goes on there."""
    comment = line.find("#", hidden[-1][1]) if hidden else -1
    return hidden if comment < 0 else [*hidden, (comment, len(line))]


def _draw(line: str, hidden: list[tuple[int, int]], caret: int, caret_end: int) -> Echo:
    """The line with its masks, and the caret where the characters from `caret` to `caret_end` are now."""
    before, under, after = "", "", ""
    position = 0
    for start, end in [*hidden, (len(line), len(line))]:
        before += line[position : min(start, max(caret, position))]
        under += line[max(position, caret) : min(start, caret_end)]
        after += line[max(position, caret_end) : start]
        mask = MASK if end > start else ""
        if end <= caret:
            before += mask
        elif start < caret_end:
            under += mask
        else:
            after += mask
        position = end
    return _cut(_printable(before), _printable(under), _printable(after))


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text)


def _cut(before: str, under: str, after: str) -> Echo:
    """At most MAX_ECHO_COLUMNS characters around the caret."""
    room = MAX_ECHO_COLUMNS // 2
    if len(before) > room:
        before = "…" + before[-room:]
    if len(under) + len(after) > room:
        after = (under + after)[:room][len(under) :] + "…"
        under = under[:room]
    return Echo(before + under + after, display_width(before), max(1, display_width(under)))


def display_width(text: str) -> int:
    """Terminal columns: wide characters take two, combining ones none."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
