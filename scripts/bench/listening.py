"""Serial lines that are never idle, from their last byte to the broker."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import time
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scripts.bench import usage
from scripts.bench.heard import COLUMNS
from scripts.bench.processes import Processes
from scripts.bench.result import MIB
from scripts.bench.telegrams import kind_of

START_TIMEOUT_S = 60.0
DRAIN_TIMEOUT_S = 10.0
"""From the last byte until the daemon is stopped, if nothing is missing any sooner."""


@dataclass(frozen=True)
class Load:
    """What is measured."""

    lines: int
    baudrate: int
    seconds: float
    warmup_s: float
    site: Sequence[str]
    daemon: str


@dataclass(frozen=True)
class Cost:
    """What came out; frames are counted from the first to the last, CPU is that of the window."""

    sent: int
    lost: int
    doubled: int
    wrong: int
    overrun_bytes: int
    """Which the daemon did not take in time: on a wire they would be lost."""
    per_s: float
    us_per_frame: float
    cpu_percent: float
    rss_mib: float
    latency_ms: list[float]
    foreign_percent: float


class _Moment(NamedTuple):
    """Frames sent so far; CPU time of the daemon, and of all that is neither it nor the rig."""

    time_ns: int
    frames: int
    daemon_ns: int
    foreign_ns: int


def cost_of(load: Load) -> Cost:
    """Begin, warm up, watch the window, end, and compare what was sent with what arrived."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as name, Processes(Path(name)) as processes:
        folder = Path(name)
        _start(load, processes, folder)
        processes.ask("fleet", "begin")
        time.sleep(load.warmup_s)
        before = _moment(processes)
        time.sleep(load.seconds)
        after = _moment(processes)
        processes.ask("fleet", "end")
        peak_bytes = usage.tree_peak_bytes(processes.pid("daemon"))
        _drain(processes)
        processes.stop_daemon()
        counts = processes.ask("counter", None)
        overrun_bytes = processes.ask("fleet", None)
        sent_us, arrived = _sent_us(folder / "sent"), _arrived(folder / "heard")
    first_us = dict(reversed(arrived))
    sent, seconds = sum(map(len, sent_us)), (after.time_ns - before.time_ns) / 1e9
    frames, cpu_ns = after.frames - before.frames, after.daemon_ns - before.daemon_ns
    return Cost(
        sent=sent,
        lost=sent - len(first_us),
        doubled=len(arrived) - len(first_us),
        wrong=counts["wrong"] + counts["malformed"],
        overrun_bytes=overrun_bytes,
        per_s=frames / seconds,
        us_per_frame=cpu_ns / 1000 / max(1, frames),
        cpu_percent=cpu_ns / seconds / 1e7,
        rss_mib=peak_bytes / MIB,
        latency_ms=[(at_us - sent_us[device][number - 1]) / 1000 for (device, number), at_us in first_us.items()],
        foreign_percent=(after.foreign_ns - before.foreign_ns) / seconds / 1e7,
    )


def _moment(processes: Processes) -> _Moment:
    processes.fail_if_ended()
    cpu_ns = processes.cpu_ns()
    foreign_ns = usage.machine_cpu_ns() - sum(cpu_ns.values())
    return _Moment(time.monotonic_ns(), sum(processes.ask("fleet", "")), cpu_ns["daemon"], foreign_ns)


def _drain(processes: Processes) -> None:
    """What was sent last may still be under way: until the daemon has come to rest."""
    deadline_s = time.monotonic() + DRAIN_TIMEOUT_S
    used_ns = -1
    while (now_ns := processes.cpu_ns()["broker"]) != used_ns and time.monotonic() < deadline_s:
        used_ns = now_ns
        time.sleep(1.0)


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
    lines = ["--lines", str(load.lines), "--baudrate", str(load.baudrate), "--out", str(folder / "sent")]
    processes.run("fleet", [*python, "scripts.bench.lines", *lines])
    paths = json.loads(processes.line("fleet"))
    broker = processes.run_broker()
    options = ["--port", str(broker), "--topic", "bench/bench/#", "--out", str(folder / "heard")]
    processes.run("counter", [*python, "scripts.bench.heard", *options])
    processes.line("counter")
    config = folder / "gateway.yaml"
    config.write_text(_site(load, paths, broker))
    (folder / "state").mkdir()
    places = {"config": shlex.quote(str(config)), "state": shlex.quote(str(folder / "state"))}
    processes.run("daemon", shlex.split(load.daemon.format(**places)), stderr=folder / "daemon.log")
    _wait_for_probes(load, processes)


def _wait_for_probes(load: Load, processes: Processes) -> None:
    """A frame of each device now and then, until one of each has arrived."""
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while processes.ask("counter", "") < load.lines:
        processes.fail_if_ended()
        if time.monotonic() > deadline_s:
            raise SystemExit(f"the daemon does not hear every line:\n{processes.daemon_log()}")
        processes.ask("fleet", "probe")
        time.sleep(0.2)


def _site(load: Load, paths: Sequence[str], broker: int) -> str:
    kinds = [kind_of(number) for number in range(load.lines)]
    return "\n".join(
        [
            "version: 1",
            "gateway: {id: bench}",
            *load.site,
            "endpoints:",
            f'  cloud: {{type: mqtt, url: "mqtt://127.0.0.1:{broker}", root: bench}}',
            "links:",
            *(
                f"  l{n}: {{adapter: serial, port: {path}, baudrate: {load.baudrate}, {kinds[n].link}}}"
                for n, path in enumerate(paths)
            ),
            "devices:",
            *(f"  d{n}: {{link: l{n}, {kind.device}}}" for n, kind in enumerate(kinds)),
            "",
        ]
    )
