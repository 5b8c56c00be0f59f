"""A table that lives: every point with what is known of it now."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.live import Live

from gateway.cli import show
from gateway.cli.control import table
from gateway.cli.control.results import why_bad
from gateway.cli.control.table import Row, Tone
from gateway.cli.control.values import printable, shown

HEAD = ("device", "point", "value", "unit", "age", "quality")

NOTHING: Mapping[str, Any] = {}
UNTOLD = "it says itself which points it has, and has not said so yet"

REDRAWN_PER_S = 4
"""Ages go on between samples; a slow terminal over a modem keeps up."""


class Known(NamedTuple):
    """The newest of a point; `bad` is why there is no value."""

    time_s: float
    value: Any
    bad: Mapping[str, Any] | None = None


class Board:
    """What is known of the points of some devices."""

    def __init__(self, devices: Mapping[str, Mapping[str, Any]], now_s: Callable[[], float] = time.time) -> None:
        self._devices = devices
        self._now_s = now_s
        self._known: dict[tuple[str, str], Known] = {}
        self._missed = 0

    def take(self, line: Mapping[str, Any]) -> None:
        """A line of the stream of samples."""
        if "device" not in line:
            self._missed += line.get("missed", 0)
            return
        device, time_s = line["device"], datetime.fromisoformat(line["time"]).timestamp()
        for point, value in line.get("values", {}).items():
            self._known[device, point] = Known(time_s, value)
        for point, bad in line.get("bad", {}).items():
            self._known[device, point] = Known(time_s, None, bad)

    def drawn(self) -> RenderableType:
        """For a terminal, from any thread."""
        drawn = table.drawn(HEAD, self.rows())
        missed = f"{self._missed} samples were left out: they came faster than this terminal shows them"
        return Group(drawn, missed) if self._missed else drawn

    def rows(self) -> Iterator[Row]:
        """In the order of the configuration; the device's name only where there are several."""
        now_s = self._now_s()
        for device, info in self._devices.items():
            name, points = device if len(self._devices) > 1 else "", self._points(device, info)
            for point, about in points.items():
                unit = printable(about.get("unit") or "")
                yield _row((name, point), unit, self._known.get((device, point)), now_s)
            if not points:
                yield Row((name, "", "", "", "", printable(info.get("detail") or UNTOLD)), Tone.DOUBTFUL)

    def _points(self, device: str, info: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Those that it had at first, and those that it has told of since."""
        learned = [point for each, point in self._known if each == device and point not in info["points"]]
        return {**info["points"], **dict.fromkeys(learned, NOTHING)}


def watched(board: Board, lines: Iterable[bytes]) -> None:
    """Show it on the terminal until the lines end."""
    with Live(
        get_renderable=board.drawn, console=table.console(), refresh_per_second=REDRAWN_PER_S, redirect_stderr=False
    ):
        for line in lines:
            board.take(json.loads(line))


def _row(start: tuple[str, str], unit: str, known: Known | None, now_s: float) -> Row:
    if known is None:
        return Row((*start, "", unit, "", "not read yet"), Tone.DOUBTFUL)
    age = show.span(now_s - known.time_s)
    if known.bad is not None:
        return Row((*start, "", unit, age, f"bad: {why_bad(known.bad)}"), Tone.BAD)
    return Row((*start, shown(known.value), unit, age, "good"), Tone.GOOD)
