"""One pattern, by RE2 or, where that finds the same as surely and sooner, by Python's own engine. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Literal, Protocol

import re2
from pydantic import AfterValidator

from adapters.serial.patterns.parse import NotUnderstood, parse
from adapters.serial.patterns.plain import plain

Encoding = Literal["ascii", "latin-1", "utf-8"]

MAX_BYTES = 1 << 20
"""What RE2 may take for one pattern, its memory of what it has seen included: of the 8 MiB that it would take by itself
a hundred devices on a line of noise have a gigabyte, and it is slower for it. Lines of instruments take some KiB.
"""

_PYTHONS = re.compile(r"""r(['"]).*\1""", re.DOTALL)
"""To YAML the r and the quotes behind it are text as any other."""
HINT = "patterns are RE2's, which has no look-around, no backreferences and no possessive repeats"


class Found(Protocol):
    """Where a pattern was found."""

    def __getitem__(self, group: int, /) -> bytes | None:
        """What a group holds; None if it took no part."""

    def span(self, group: int, /) -> tuple[int, int]:
        """Where it begins and ends; below 0 if it took no part."""


class Pattern:
    """Found anywhere in the bytes it is `search`ed in unless it begins with ^; `names` are its groups' places."""

    __slots__ = ("names", "search", "text")

    def __init__(self, text: str, encoding: Encoding = "latin-1") -> None:
        engine = _engine(text, encoding)
        self.text = text
        self.names: Mapping[str, int] = {name.decode(): place for name, place in engine.groupindex.items()}
        self.search: Callable[[bytes], Found | None] = engine.search
        if encoding != "utf-8" and (own := _plain(text)) is not None:
            self.names, self.search = own.groupindex, own.match

    def groups(self, data: bytes) -> dict[str, str] | None:
        """Its named groups that took part, a character for each byte; None if it is not found."""
        found = self.search(data)
        return None if found is None else groups_of(found, self.names)


def groups_of(found: Found, names: Mapping[str, int]) -> dict[str, str]:
    """The named groups that took part, a character for each byte."""
    texts = ((name, found[place]) for name, place in names.items())
    return {name: text.decode("latin-1") for name, text in texts if text is not None}


def compiled(text: str, encoding: Encoding = "latin-1") -> Pattern:
    """Ready to be searched; raises ValueError with a sentence if it is no pattern, or none in this encoding."""
    return Pattern(text, encoding)


def _engine(text: str, encoding: Encoding) -> re2._Regexp:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_BYTES
    if encoding != "utf-8":
        options.encoding = re2.Options.Encoding.LATIN1
    try:
        return re2.compile(text.encode("utf-8" if encoding == "utf-8" else "latin-1"), options)
    except UnicodeEncodeError as error:
        strange = error.object[error.start]
        raise ValueError(f"{strange!r} does not exist in {encoding}: the link's encoding may be utf-8") from None
    except re2.error as error:
        raise ValueError(f"is no pattern: {_said(error)}") from None


def _plain(text: str) -> re.Pattern[bytes] | None:
    """The same for Python's own engine, where that is as good."""
    try:
        words = plain(parse(text, wide=False))
    except NotUnderstood:
        return None
    return None if words is None else re.compile(words)


def _said(error: Exception) -> str:
    """RE2's own words, and what it has not where that is the reason."""
    text = error.args[0].decode("utf-8", "replace") if error.args else ""
    if text.startswith("pattern too large"):
        return f"it would take more than {MAX_BYTES >> 20} MiB: count less of it, as in .+ for .{{1,500}}"
    return (
        f"{text} ({HINT})" if text.startswith(("invalid perl operator", "invalid escape", "bad repetition")) else text
    )


def _checked(text: str) -> str:
    """As UTF-8, which can be anything; whether it goes with the link's encoding only the link knows."""
    if _PYTHONS.fullmatch(text):
        raise ValueError(f"is written as in Python: leave the r and its quotes out, write {text[1:]}")
    engine = _engine(text, "utf-8")
    if len(engine.groupindex) < _named(text):
        raise ValueError("is no pattern: two of its groups have the same name")
    return text


def _named(text: str) -> int:
    r"""How many named groups are begun; a [ or \\ before one is not looked at: then there are rather fewer."""
    return 0 if "\\(" in text or "[" in text else text.count("(?P<") + text.count("(?<")


PatternText = Annotated[str, AfterValidator(_checked)]
"""A regular expression as RE2 has it, found anywhere in the text unless it begins with ^."""
