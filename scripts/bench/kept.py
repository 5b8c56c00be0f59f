"""What has not left the outbox: which readings of the fleet are in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from gateway.outbox.entry import READING
from scripts.bench.counter import Readings
from scripts.bench.signals import Frame


def kept_readings(state: Path, frame: Frame) -> frozenset[tuple[int, int]]:
    """Devices and polls, once the daemon has stopped."""
    readings = Readings(frame)
    with closing(sqlite3.connect(state / "outbox-cloud.db")) as db:
        for (payload,) in db.execute("SELECT payload FROM envelope WHERE kind = ?", (READING,)):
            readings.take(b"/reading", payload, 0)
    return frozenset(zip(readings.columns["device"], readings.columns["poll"], strict=True))
