"""What a measurement found: the daemon's use of the machine, and what was read against what arrived."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Literal, NamedTuple

from scripts.bench.counter import COLUMNS
from scripts.bench.signals import REGISTERS, Type

MIB = 1 << 20


@dataclass(frozen=True)
class Case:
    """What is measured."""

    devices: int
    type: Type
    period_s: float
    warmup_s: float
    seconds: float
    protocol: str
    site: tuple[str, ...]
    """More lines for the daemon's YAML."""
    daemon: str
    """A shell-like command with {config} and {state}."""
    endpoint: tuple[str, ...] = ()
    """More settings of the daemon's endpoint: 'window: 10'."""
    point: tuple[str, ...] = ()
    """More settings of every point: 'writable: true'."""
    takes_s: float = 0
    """How long a device is busy with each request."""
    registers: int = REGISTERS
    """Of each device."""
    units: int = 1
    """Devices behind one connection."""


@dataclass(frozen=True)
class Row:
    """What came out."""

    devices: int
    type: str
    period_ms: float
    values_per_s: float
    requests_per_s: float
    us_per_value: float
    cpu_percent: float
    rss_mib: float
    p50_ms: float
    p99_ms: float
    of_demand: float
    least_of_demand: float
    """Polls of the device that was polled least."""
    lost: int
    """Of those that were read in the window, also those in the outbox still."""
    waiting: int
    """Of those, the ones in the outbox."""
    duplicates: int
    wrong: int
    malformed: int
    violations: int
    """Of the far end's contract, where it looks for some."""
    bytes_per_value: float
    fleet_cpu_percent: float
    broker_cpu_percent: float
    counter_cpu_percent: float
    foreign_cpu_percent: float


Name = Literal["fleet", "broker", "relay", "counter", "daemon", "commander"]


class Reading(NamedTuple):
    """One message that arrived; the columns of the counter."""

    device: int
    poll: int
    read_us: int
    arrived_us: int


@dataclass(frozen=True)
class Moment:
    """Every meter, read at once."""

    time_ns: int
    polls: list[int]
    requests: int
    arrived: int
    cpu_ns: Mapping[Name, int]
    machine_ns: int

    @property
    def foreign_ns(self) -> int:
        """What neither the daemon nor the rig used."""
        return self.machine_ns - sum(self.cpu_ns.values())


@dataclass(frozen=True)
class Window:
    """Everything known of one measurement; `readings` are all that ever arrived."""

    before: Moment
    after: Moment
    peak_bytes: int
    counts: Mapping[str, int]
    readings: list[Reading]
    kept: frozenset[tuple[int, int]] = frozenset()
    """Devices and polls in the outbox, after the daemon has stopped."""

    @property
    def seconds(self) -> float:
        """How long the meters ran."""
        return seconds_between(self.before, self.after)

    def percent(self, name: Name) -> float:
        """A process's CPU in % of one core."""
        return percent_between(self.before, self.after, name)


def seconds_between(before: Moment, after: Moment) -> float:
    """How long the meters ran."""
    return (after.time_ns - before.time_ns) / 1e9


def percent_between(before: Moment, after: Moment, name: Name) -> float:
    """A process's CPU in % of one core; of one that is not there, none."""
    return (after.cpu_ns.get(name, 0) - before.cpu_ns.get(name, 0)) / seconds_between(before, after) / 1e7


def load_readings(path: Path) -> list[Reading]:
    """What the counter wrote."""
    numbers = array("q")
    numbers.frombytes(path.read_bytes())
    size = len(numbers) // len(COLUMNS)
    return list(map(Reading, *(numbers[at * size : (at + 1) * size] for at in range(len(COLUMNS)))))


def row_of(case: Case, points: int, window: Window) -> Row:
    """The row of one case; `points` is how many values a reading has."""
    before, after, counts = window.before, window.after, window.counts
    demand = case.devices * points * window.seconds / case.period_s
    read = [r for r in window.readings if before.polls[r.device] < r.poll <= after.polls[r.device]]
    arrivals = {(r.device, r.poll) for r in read}
    different = len(arrivals)
    kept = [poll for device, poll in window.kept - arrivals if before.polls[device] < poll <= after.polls[device]]
    arrived = sum(before.time_ns <= r.arrived_us * 1000 < after.time_ns for r in window.readings) * points
    latency_ms = [(r.arrived_us - r.read_us) / 1000 for r in read]
    centiles = quantiles(latency_ms, n=100) if len(latency_ms) > 1 else [0.0] * 99
    return Row(
        devices=case.devices,
        type=case.type,
        period_ms=case.period_s * 1000,
        values_per_s=arrived / window.seconds,
        requests_per_s=(after.requests - before.requests) / window.seconds,
        us_per_value=(after.cpu_ns["daemon"] - before.cpu_ns["daemon"]) / 1000 / max(1, arrived),
        cpu_percent=window.percent("daemon"),
        rss_mib=window.peak_bytes / MIB,
        p50_ms=centiles[49],
        p99_ms=centiles[98],
        of_demand=arrived / demand,
        least_of_demand=_fewest_polls(window) * case.period_s / window.seconds,
        lost=sum(after.polls) - sum(before.polls) - different,
        waiting=len(kept),
        duplicates=len(read) - different,
        wrong=counts["wrong"],
        malformed=counts["malformed"],
        violations=counts.get("violations", 0),
        bytes_per_value=counts["bytes"] / max(1, len(window.readings) * points),
        fleet_cpu_percent=window.percent("fleet"),
        broker_cpu_percent=window.percent("broker"),
        counter_cpu_percent=window.percent("counter"),
        foreign_cpu_percent=(after.foreign_ns - before.foreign_ns) / window.seconds / 1e7,
    )


def _fewest_polls(window: Window) -> int:
    return min(after - before for before, after in zip(window.before.polls, window.after.polls, strict=True))
