"""How far a scan is, on the terminal: on stderr, one line that lives."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from gateway.cli import show
from gateway.cli.control.values import printable

REDRAWN_PER_S = 4
"""A person reads no faster, and a slow terminal over a modem keeps up."""


class Gauge:
    """First how long it may take, then how far it is; in a pipe only the first."""

    def __init__(self, link: str, *, listens: bool = False) -> None:
        self._link = link
        self._listens = listens
        """Until the time is over, rather than through what there is to try."""
        self._found = 0
        self._live: Live | None = None
        if sys.stderr.isatty():
            console = Console(stderr=True, highlight=False, markup=False)
            self._live = Live("", console=console, refresh_per_second=REDRAWN_PER_S, transient=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, line: Mapping[str, Any]) -> None:
        """A line of the answer."""
        if "status" in line:
            return
        self._found += len(line.get("found", []))
        if not line["done"]:
            self._say(listening(self._link, line) if self._listens else beginning(self._link, line))
        if self._live is not None:
            self._live.update(Text(heard(line) if self._listens else progress(line, self._found)))

    def _say(self, sentence: str) -> None:
        if self._live is not None:
            self._live.console.print(Text(sentence))
        else:
            print(sentence, file=sys.stderr)


def beginning(link: str, line: Mapping[str, Any]) -> str:
    """Before anything is tried."""
    most = show.span(max(1.0, line["left_s"]))
    return f"scanning {link}: {line['total']} to try, at most {most}; nothing is written"


def progress(line: Mapping[str, Any], found: int) -> str:
    """`unit 40 of 247, 2 found, about 1 min 20 s left`."""
    at = printable(line.get("at") or "")
    done, total = line["done"], line["total"]
    place = f"{at} of {total}" if at.endswith(f" {done}") else f"{at} ({done} of {total})"
    return f"{place.strip()}, {found} found, about {show.span(line['left_s'])} left"


def listening(link: str, line: Mapping[str, Any]) -> str:
    """Likewise."""
    return f"listening on {link} for {show.span(max(1.0, line['left_s']))}; nothing is written"


def heard(line: Mapping[str, Any]) -> str:
    """`12 devices, 7 s left`."""
    return f"{printable(line.get('at') or 'nothing yet')}, {show.span(line['left_s'])} left"
