"""Devices that send unasked, from the last byte of each message to the broker."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from scripts.bench import usage
from scripts.bench.heard import COLUMNS
from scripts.bench.processes import FIELDGATE, Processes
from scripts.bench.result import MIB

START_TIMEOUT_S = 60.0
DRAIN_TIMEOUT_S = 60.0
"""From the last byte until the daemon is stopped, if something arrives for so long: what came too fast waits in the
outbox, and leaves it at its own pace."""
QUIET_S = 2.0
"""Twice what the outbox takes to commit."""


@dataclass(frozen=True)
class Load:
    """What is measured.

    `fleet`: a module and its options, which talks as `lines` does, and says first where it is; `config`: of that, lines
    of YAML, links and devices; `said`: what the devices say, as `heard` has it.
    """

    fleet: Sequence[str]
    config: Callable[[Any], Sequence[str]]
    said: str
    devices: int
    seconds: float
    warmup_s: float
    site: Sequence[str]
    daemon: str
    idle_s: float = 0.0
    """So long nothing is sent first, and what the daemon uses meanwhile is left out of what each message costs."""
    secrets: str = ""
    """The daemon's secrets.yaml."""


@dataclass(frozen=True)
class Cost:
    """What came out; messages are counted from the first to the last, CPU is that of the window."""

    sent: int
    lost: int
    waiting: int
    """In the outbox still, where they came faster than they are sent on."""
    doubled: int
    wrong: int
    overrun_bytes: int
    """Which the daemon did not take in time: on a wire they would be lost."""
    per_s: float
    us_each: float
    cpu_percent: float
    idle_percent: float
    rss_mib: float
    latency_ms: list[float] = field(repr=False)
    foreign_percent: float
    counters: Mapping[str, int]
    """Of all links together, at the end."""


class _Moment(NamedTuple):
    """Messages sent so far; CPU time of the daemon, and of all that is neither it nor the rig."""

    time_ns: int
    sent: int
    daemon_ns: int
    foreign_ns: int

    def percent(self, after: _Moment) -> float:
        """What the daemon has used from this to that one, in % of a core."""
        return 100 * (after.daemon_ns - self.daemon_ns) / (after.time_ns - self.time_ns)


def cost_of(load: Load) -> Cost:
    """Begin, warm up, watch the window, end, and compare what was sent with what arrived."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as name, Processes(Path(name)) as processes:
        folder = Path(name)
        _start(load, processes, folder)
        idle_percent = _idle_percent(load, processes)
        processes.ask("fleet", "begin")
        time.sleep(load.warmup_s)
        before = _moment(processes)
        time.sleep(load.seconds)
        after = _moment(processes)
        processes.ask("fleet", "end")
        peak_bytes = usage.tree_peak_bytes(processes.pid("daemon"))
        _drain(processes)
        status = _status(folder / "state")
        processes.stop_daemon()
        counts = processes.ask("counter", None)
        overrun_bytes = processes.ask("fleet", None)
        sent_us, arrived = _sent_us(folder / "sent"), _arrived(folder / "heard")
    first_us = dict(reversed(arrived))
    waiting = status["endpoints"]["cloud"]["outbox"]["depth"]
    sent, seconds = sum(map(len, sent_us)), (after.time_ns - before.time_ns) / 1e9
    messages, cpu_percent = after.sent - before.sent, before.percent(after)
    return Cost(
        sent=sent,
        lost=max(0, sent - len(first_us) - waiting),
        waiting=waiting,
        doubled=len(arrived) - len(first_us),
        wrong=counts["wrong"] + counts["malformed"],
        overrun_bytes=overrun_bytes,
        per_s=messages / seconds,
        us_each=(cpu_percent - idle_percent) * 1e4 * seconds / max(1, messages),
        cpu_percent=cpu_percent,
        idle_percent=idle_percent,
        rss_mib=peak_bytes / MIB,
        latency_ms=[(at_us - sent_us[device][number - 1]) / 1000 for (device, number), at_us in first_us.items()],
        foreign_percent=(after.foreign_ns - before.foreign_ns) / seconds / 1e7,
        counters=_counters(status),
    )


def _idle_percent(load: Load, processes: Processes) -> float:
    if not load.idle_s:
        return 0.0
    before = _moment(processes)
    time.sleep(load.idle_s)
    return before.percent(_moment(processes))


def _status(state: Path) -> dict[str, Any]:
    """Of the gateway itself."""
    command = [str(FIELDGATE), "status", "--json", "--state-dir", str(state)]
    told: dict[str, Any] = json.loads(subprocess.run(command, check=False, stdout=subprocess.PIPE).stdout)["status"]
    return told


def _counters(status: Mapping[str, Any]) -> Mapping[str, int]:
    total = Counter[str]()
    for link in status["links"].values():
        total.update({name: count for name, count in link.items() if isinstance(count, int)})
    return total


def _moment(processes: Processes) -> _Moment:
    processes.fail_if_ended()
    cpu_ns = processes.cpu_ns()
    foreign_ns = usage.machine_cpu_ns() - sum(cpu_ns.values())
    return _Moment(time.monotonic_ns(), processes.ask("fleet", ""), cpu_ns["daemon"], foreign_ns)


def _drain(processes: Processes) -> None:
    """What was sent last may still be under way: until nothing arrives any more."""
    deadline_s = time.monotonic() + DRAIN_TIMEOUT_S
    before = -1
    while (arrived := processes.ask("counter", "")) != before and time.monotonic() < deadline_s:
        before = arrived
        time.sleep(QUIET_S)


def _sent_us(path: Path) -> list[array[int]]:
    """Of each device, when each frame's last byte went."""
    numbers = array("q")
    numbers.frombytes(path.read_bytes())
    found: list[array[int]] = []
    at = 0
    while at < len(numbers):
        found.append(numbers[at + 1 : at + 1 + numbers[at]])
        at += 1 + numbers[at]
    return found


def _arrived(path: Path) -> list[tuple[tuple[int, int], int]]:
    """Device and number, and when: in the order of arrival."""
    numbers = array("q")
    numbers.frombytes(path.read_bytes())
    size = len(numbers) // len(COLUMNS)
    devices, frames, arrived_us = (numbers[at * size : (at + 1) * size] for at in range(len(COLUMNS)))
    return list(zip(zip(devices, frames, strict=True), arrived_us, strict=True))


def _start(load: Load, processes: Processes, folder: Path) -> None:
    python = [sys.executable, "-m"]
    processes.run("fleet", [*python, *load.fleet, "--out", str(folder / "sent")])
    place = json.loads(processes.line("fleet"))
    broker = processes.run_broker()
    options = ["--port", str(broker), "--topic", "bench/bench/#", "--said", load.said, "--out", str(folder / "heard")]
    processes.run("counter", [*python, "scripts.bench.heard", *options])
    processes.line("counter")
    config = folder / "gateway.yaml"
    config.write_text(_site(load, place, broker))
    secrets = folder / "secrets.yaml"
    secrets.touch(0o600)
    secrets.write_text(load.secrets)
    (folder / "state").mkdir()
    places = {"config": shlex.quote(str(config)), "state": shlex.quote(str(folder / "state"))}
    processes.run("daemon", shlex.split(load.daemon.format(**places)), stderr=folder / "daemon.log")
    _wait_for_probes(load, processes)


def _wait_for_probes(load: Load, processes: Processes) -> None:
    """A message of each device now and then, until one of each has arrived."""
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while processes.ask("counter", "") < load.devices:
        processes.fail_if_ended()
        if time.monotonic() > deadline_s:
            raise SystemExit(f"the daemon does not hear every device:\n{processes.daemon_log()}")
        processes.ask("fleet", "probe")
        time.sleep(0.2)


def _site(load: Load, place: Any, broker: int) -> str:
    return "\n".join(
        [
            "version: 1",
            "gateway: {id: bench}",
            *load.site,
            "endpoints:",
            f'  cloud: {{type: mqtt, url: "mqtt://127.0.0.1:{broker}", root: bench}}',
            *load.config(place),
            "",
        ]
    )
