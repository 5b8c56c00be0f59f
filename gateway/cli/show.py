"""How verbs write diagnostics and documents."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO

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
