"""How fast a backlog leaves, and what becomes of new readings meanwhile."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from gateway.endpoints.payload import Format
from scripts.bench import usage
from scripts.bench.far_ends import Start, broker
from scripts.bench.prefill import OLD_DEVICE, prefill
from scripts.bench.result import MIB, Case, Moment, Name, Reading, percent_between, seconds_between
from scripts.bench.rig import Rig

LOOK_S = 0.1
WARMUP, END = 0.05, 0.95
"""Parts of the backlog that have arrived at the window's beginning and end."""
PATIENCE_S = 60.0
"""So long nothing may arrive."""
UNLIMITED = "1000000/s"
DRAIN_CPU: tuple[Name, ...] = ("daemon", "broker", "counter")


@dataclass(frozen=True)
class Drain:
    """One drain: how many envelopes, and the daemon's outbox and endpoint settings."""

    rows: int
    rate: str = UNLIMITED
    order: str = "live-first"
    endpoint: tuple[str, ...] = ()
    devices: int = 1
    period_s: float = 1.0
    protocol: str = "5"
    far_end: Start = broker
    form: Format = "fieldgate"
    """Of what is in the outbox; what is read meanwhile has the endpoint's."""

    def case(self, daemon: str) -> Case:
        """For the rig."""
        outbox = f"outbox: {{max_size: 1024GiB, max_age: 30d, backlog_rate: {self.rate}, order: {self.order}}}"
        endpoint = (*self.endpoint, f"outbox: {{backlog_rate: {self.rate}}}")  # some have one of their own
        return Case(
            devices=self.devices,
            type="uint16",
            period_s=self.period_s,
            warmup_s=0,
            seconds=0,
            protocol=self.protocol,
            site=(outbox,),
            daemon=daemon,
            endpoint=endpoint,
        )


@dataclass(frozen=True)
class Drained:
    """What came of it. Memory is the daemon's, in the window."""

    seconds: float
    per_s: float
    cpu_percent: dict[Name, float]
    foreign_percent: float
    lowest_mib: float
    peak_mib: float
    lost: int
    duplicates: int
    wrong: int
    in_order: bool
    live_ms: list[float]


def drain(what: Drain, daemon: str, *, at_most_s: float | None = None) -> Drained:
    """Fill an outbox, start the daemon on it, and watch until nearly all has arrived, or for so long."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as name:
        folder = Path(name)
        (folder / "state").mkdir()
        prefill(folder / "state" / "outbox-cloud.db", what.rows, what.form)
        with Rig(what.case(daemon), folder, what.far_end) as rig:
            sizes = list[int]()
            before = _until(rig, what.rows * WARMUP if at_most_s is None else 1, sizes)
            sizes.clear()
            after = _until(rig, what.rows * END, sizes, at_most_s)
            if at_most_s is None:
                _until(rig, what.rows, [])
            counts, readings = rig.stop()
    wrong = counts["wrong"] + counts["malformed"] + counts.get("violations", 0)
    return _drained(what, before, after, sizes, readings, wrong=wrong)


def _until(rig: Rig, arrived: float, sizes: list[int], at_most_s: float | None = None) -> Moment:
    """When so many have arrived; the daemon's memory meanwhile."""
    began_s = heard_s = time.monotonic()
    count = -1
    while True:
        moment = rig.moment()
        now_s = time.monotonic()
        sizes.append(usage.rss_bytes(rig.processes.pid("daemon")))
        if moment.arrived >= arrived or (at_most_s is not None and now_s - began_s >= at_most_s):
            return moment
        if moment.arrived != count:
            count, heard_s = moment.arrived, now_s
        elif now_s - heard_s > PATIENCE_S:
            raise SystemExit(f"nothing arrives any more after {count}:\n{rig.processes.daemon_log()}")
        time.sleep(LOOK_S)


def _drained(
    what: Drain, before: Moment, after: Moment, sizes: Sequence[int], readings: Sequence[Reading], *, wrong: int
) -> Drained:
    old = [reading.poll for reading in readings if reading.device == OLD_DEVICE]
    window = [r for r in readings if before.time_ns <= r.arrived_us * 1000 < after.time_ns]
    seconds = seconds_between(before, after)
    return Drained(
        seconds=seconds,
        per_s=sum(reading.device == OLD_DEVICE for reading in window) / seconds,
        cpu_percent={name: percent_between(before, after, name) for name in DRAIN_CPU},
        foreign_percent=(after.foreign_ns - before.foreign_ns) / seconds / 1e7,
        lowest_mib=min(sizes) / MIB,
        peak_mib=max(sizes) / MIB,
        lost=what.rows - len(set(old)),
        duplicates=len(old) - len(set(old)),
        wrong=wrong,
        in_order=all(map(_follows, old, old[1:])),
        live_ms=[(r.arrived_us - r.read_us) / 1000 for r in window if r.device != OLD_DEVICE],
    )


def _follows(poll: int, following: int) -> bool:
    """Whether the one was read before the other."""
    return (poll >> 16, poll & 0xFFFF) < (following >> 16, following & 0xFFFF)


def centile(values: Sequence[float], number: int) -> float:
    """Of few values, as good as that goes."""
    return quantiles(values, n=100)[number - 1] if len(values) > 1 else float("nan")
