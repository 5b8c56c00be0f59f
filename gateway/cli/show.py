"""How verbs write diagnostics and documents."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:  # the configuration's models take 0.1 s to import, which verbs that ask the daemon do without
    from gateway.config import Diagnostic

JSON_SCHEMA_VERSION = 1
"""Of the documents that `--json` prints."""


def wants_color(stream: TextIO, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether a stream is a terminal that may show colour; NO_COLOR forbids it: no-color.org."""
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def diagnostics(found: Iterable[Diagnostic]) -> None:
    """To stderr, as compilers write them."""
    color = wants_color(sys.stderr)
    for each in found:
        print(each.render(color), file=sys.stderr)


def document(content: Mapping[str, Any]) -> None:
    """One JSON document to stdout."""
    print(json.dumps({"schema": JSON_SCHEMA_VERSION, **content}, ensure_ascii=False, indent=2))


def count(number: int, singular: str) -> str:
    """`1 link`, `2 links`."""
    return f"{number} {singular}" if number == 1 else f"{number} {singular}s"


def size(number: int) -> str:
    """Bytes as people read them: `812 B`, `4.1 MiB`, `512 MiB`."""
    amount, unit = float(number), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if amount >= 100 or amount == int(amount) else f"{amount:.1f} {unit}"


def span(seconds: float) -> str:
    """A duration in its two largest units: `3 h 12 min`, `12 s`."""
    left, parts = max(0, round(seconds)), list[str]()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        number, left = divmod(left, length)
        if number or (unit == "s" and not parts):
            parts.append(f"{number} {unit}")
        elif parts:
            break
    return " ".join(parts[:2])


def problem(sentence: str) -> None:
    """What went wrong, to stderr."""
    print(f"fieldgate: {sentence}", file=sys.stderr)
