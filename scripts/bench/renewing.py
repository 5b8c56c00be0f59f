"""What becomes of readings while an endpoint's connection begins anew every few seconds."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from scripts.bench.far_ends import Start, keep_secret
from scripts.bench.result import Case, Row, Window, row_of
from scripts.bench.rig import Rig

Change = Callable[[Path, int], None]
"""Of files in the daemon's folder; each has a number."""


@dataclass(frozen=True)
class Renewed:
    """What came of it. `ends`: of connections, that were not begun anew in good order."""

    row: Row
    times: int
    ends: int
    longest_ms: float
    """Without an arrival at the far end."""


def renewed(case: Case, far_end: Start, change: Change | None, every_s: float) -> Renewed:
    """Warm up, watch the window, changing something now and then unless the daemon sees to that itself."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as name, Rig(case, Path(name), far_end) as rig:
        time.sleep(case.warmup_s)
        before = rig.moment()
        deadline_s = time.monotonic() + case.seconds
        number = 0
        while (left_s := deadline_s - time.monotonic()) > 0:
            if change is not None:
                number += 1
                change(Path(name), number)
            time.sleep(min(every_s, left_s))
        window = rig.window_since(before)
        told = _told(Path(name) / "daemon.log")
        return Renewed(
            row=row_of(case, rig.points, window),
            times=told.count("renewed"),
            ends=told.count("down"),
            longest_ms=max(_pauses_ms(window)),
        )


def new_password(folder: Path, number: int) -> None:
    """For the daemon."""
    keep_secret(folder, f"bench-{number}")


def _told(log: Path) -> list[str]:
    """Events of the endpoint."""
    events = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [event["event"] for event in events if event.get("name") == "endpoint cloud"]


def _pauses_ms(window: Window) -> Iterator[float]:
    """Between arrivals, from the window's beginning to its end."""
    arrived_us = sorted(reading.arrived_us for reading in window.readings)
    begin_us, end_us = window.before.time_ns / 1000, window.after.time_ns / 1000
    moments_us = [begin_us, *(us for us in arrived_us if begin_us < us < end_us), end_us]
    return ((later - earlier) / 1000 for earlier, later in pairwise(moments_us))
