"""What becomes of commands: how long each takes to its register and back, and what a flood of them leaves of polls."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bench import usage
from scripts.bench.commander import Answer
from scripts.bench.fleet import WRITES
from scripts.bench.result import MIB, Case, Moment, Row, percent_between, seconds_between
from scripts.bench.rig import Rig
from scripts.bench.signals import REGISTERS

DONE = "done"
QUEUE_FULL = "queue-full"


@dataclass(frozen=True)
class Told:
    """What was sent, written to the device and answered. Times are monotonic microseconds."""

    sent_us: list[int]
    writes: list[tuple[int, int]]
    """Values, which are the commands' numbers, and when."""
    answers: list[Answer]

    @property
    def to_register_ms(self) -> list[float]:
        """From the publishing of each to its write; where they went one by one."""
        return [(came_us - self.sent_us[number - 1]) / 1000 for number, came_us in self.writes]

    @property
    def to_answer_ms(self) -> list[float]:
        """From the publishing of each to the arrival of its answer; where they went one by one."""
        return [(answer.arrived_us - self.sent_us[answer.number - 1]) / 1000 for answer in self.answers]

    @property
    def words(self) -> Counter[str]:
        """How often which end was told."""
        return Counter(answer.word for answer in self.answers)

    @property
    def done(self) -> list[int]:
        """Commands that were answered so, in the order of that."""
        return [answer.number for answer in self.answers if answer.word == DONE]

    @property
    def written(self) -> list[int]:
        """Commands in the order of their writes."""
        return [value for value, _ in self.writes]

    @property
    def twice(self) -> int:
        """Writes of a value that was written before."""
        return len(self.written) - len(set(self.written))

    @property
    def in_order(self) -> bool:
        """Whether commands were executed in the order they were sent in."""
        return self.written == sorted(self.written)

    @property
    def is_told_right(self) -> bool:
        """Whether exactly the commands that were written are those answered as done."""
        return sorted(self.written) == sorted(self.done)

    def unanswered(self, count: int) -> int:
        """How many of so many commands."""
        return len(set(range(1, count + 1)) - {answer.number for answer in self.answers})

    @property
    def answered_twice(self) -> int:
        """Answers beyond the first."""
        return len(self.answers) - len({answer.number for answer in self.answers})


@dataclass(frozen=True)
class Timed:
    """Commands one after the other."""

    told: Told
    values_per_s: float
    """Readings that arrived meanwhile."""
    cpu_percent: float
    """The daemon's."""


@dataclass(frozen=True)
class Flooded:
    """All commands at once. Memory is the daemon's highest so far, polls are per second."""

    told: Told
    seconds: float
    polls_before: float
    polls_during: float
    peak_before_mib: float
    peak_after_mib: float


def one_by_one(case: Case, count: int, pause_s: float) -> Timed:
    """So many commands to the first device, each after the answer to the one before."""
    with _rig(case) as rig:
        before = rig.moment()
        rig.processes.ask("commander", json.dumps({"count": count, "pause_s": pause_s}))
        after = rig.moment()
        rig.processes.stop_daemon()
        told = _told(rig)
    return Timed(
        told=told,
        values_per_s=(after.arrived - before.arrived) * REGISTERS / seconds_between(before, after),
        cpu_percent=percent_between(before, after, "daemon"),
    )


def measured(case: Case, count: int, pause_s: float) -> tuple[Row, Told, float]:
    """What a daemon does while it takes so many commands, and how long it took until every device was read."""
    with _rig(case) as rig:
        before = rig.moment()
        rig.processes.ask("commander", json.dumps({"count": count, "pause_s": pause_s}))
        return rig.row_since(before), _told(rig), rig.started_s


def flood(case: Case, count: int) -> Flooded:
    """So many commands to the first device at once, after a look at its polls for `case.seconds`."""
    with _rig(case) as rig:
        daemon = rig.processes.pid("daemon")
        calm = rig.moment()
        time.sleep(case.seconds)
        before, peak_before = rig.moment(), usage.tree_peak_bytes(daemon)
        rig.processes.ask("commander", json.dumps({"count": count}))
        after, peak_after = rig.moment(), usage.tree_peak_bytes(daemon)
        rig.processes.stop_daemon()
        told = _told(rig)
    return Flooded(
        told=told,
        seconds=(told.answers[-1].arrived_us - told.sent_us[0]) / 1e6 if told.answers else 0,
        polls_before=_polls_per_s(calm, before),
        polls_during=_polls_per_s(before, after),
        peak_before_mib=peak_before / MIB,
        peak_after_mib=peak_after / MIB,
    )


@contextmanager
def _rig(case: Case) -> Iterator[Rig]:
    """At work, with a commander, once it has run for a while."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as folder, Rig(case, Path(folder)) as rig:
        options = ["--port", str(rig.port), "--device", "bench/bench/d0", "--point", rig.last_point]
        rig.processes.run("commander", [sys.executable, "-m", "scripts.bench.commander", *options])
        rig.processes.line("commander")
        time.sleep(case.warmup_s)
        yield rig


def _told(rig: Rig) -> Told:
    """Hear everyone out, once the daemon has stopped, which may have had something to add."""
    said = rig.processes.ask("commander", None)
    answers = [Answer(*answer) for answer in said["answers"]]
    writes = [(value, came_us) for device, value, came_us in rig.processes.ask("fleet", WRITES) if device == 0]
    return Told(said["sent_us"], writes, answers)


def _polls_per_s(before: Moment, after: Moment) -> float:
    return (after.polls[0] - before.polls[0]) / seconds_between(before, after)
