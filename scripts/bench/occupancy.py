"""How much of a serial bus's time is used, and how soon commands get on it."""

from __future__ import annotations

import json
import shlex
import sys
import tempfile
import time
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.bench import usage
from scripts.bench.bus import BEGUN
from scripts.bench.draining import centile
from scripts.bench.processes import Processes

START_TIMEOUT_S = 60.0
PAUSES = 1.5
"""Transactions between an answer and the next command, on average."""


@dataclass(frozen=True)
class Line:
    """What is measured."""

    baudrate: int
    registers: int
    """Of each of the units; each is one transaction."""
    units: int
    seconds: float
    warmup_s: float
    commands: int
    daemon: str


@dataclass(frozen=True)
class Used:
    """What came out. `late` is what the bus itself was late by, as a share of the time."""

    per_s: float
    share: float
    """Of what the specification allows."""
    late: float
    early: int
    """Requests before the line had been silent for long enough."""
    waited: float
    """How long the daemon waited for a core of the machine, as a share of the time."""
    idle_us: float
    """Between the end of the silence and the next request, in the soonest tenth of all cases at most."""
    best_share: float
    """Of what is allowed, were it always so: what other programs of this machine take away is hardly in it."""
    cpu_percent: float
    passed_by: list[int]
    """Of each command that reached the wire, how many requests began between its publishing and its own."""
    to_wire_ms: list[float]


def used(line: Line) -> Used:
    """Polls that want more than there is, watched for a while; then commands."""
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as name, Processes(Path(name)) as processes:
        _start(line, processes, Path(name))
        time.sleep(line.warmup_s)
        before, cpu_before, waited_before = _now(processes)
        time.sleep(line.seconds)
        after, cpu_after, waited_after = _now(processes)
        past_us, transactions = after["free_us"] - before["free_us"], after["requests"] - before["requests"]
        pause_s = PAUSES * past_us / 1e6 / transactions
        processes.ask("commander", json.dumps({"count": line.commands, "pause_s": pause_s}))
        processes.stop_daemon()
        sent_us = processes.ask("commander", None)["sent_us"]
        log = processes.ask("fleet", BEGUN)
    passed, to_wire_ms = _commands(sent_us, log)
    idle_us = log["idle_us"][before["requests"] : after["requests"]]
    soonest_us = centile(idle_us, 10)
    allowed_us = after["allowed_us"] - before["allowed_us"]
    return Used(
        per_s=transactions / past_us * 1e6,
        share=allowed_us / past_us,
        best_share=allowed_us / (allowed_us + transactions * soonest_us),
        idle_us=soonest_us,
        late=(after["late_us"] - before["late_us"]) / past_us,
        early=sum(each < 0 for each in log["idle_us"]),
        waited=(waited_after - waited_before) / past_us / 1000,
        cpu_percent=(cpu_after - cpu_before) / past_us / 10,
        passed_by=passed,
        to_wire_ms=to_wire_ms,
    )


def _now(processes: Processes) -> tuple[Any, int, int]:
    """What has passed, the daemon's CPU time, and its time without."""
    daemon = processes.pid("daemon")
    return processes.ask("fleet", ""), usage.cpu_ns(daemon), usage.waited_ns(daemon)


def _commands(sent_us: list[int], log: Any) -> tuple[list[int], list[float]]:
    begun_us: list[int] = log["begun_us"]
    pairs = [(sent_us[number - 1], wrote_us) for number, wrote_us in log["writes"]]
    passed = [passed_by(begun_us, published_us=published, wrote_us=wrote) for published, wrote in pairs]
    return passed, [(wrote - published) / 1000 for published, wrote in pairs]


def passed_by(begun_us: list[int], *, published_us: int, wrote_us: int) -> int:
    """How many requests began between a command's publishing and its own request."""
    return bisect_right(begun_us, wrote_us - 1) - bisect_right(begun_us, published_us)


def _start(line: Line, processes: Processes, folder: Path) -> None:
    python = [sys.executable, "-m"]
    processes.run("fleet", [*python, "scripts.bench.bus", "--baudrate", str(line.baudrate)])
    path = json.loads(processes.line("fleet"))
    broker = processes.run_broker()
    config = folder / "gateway.yaml"
    config.write_text(_site(line, path, broker))
    (folder / "state").mkdir()
    places = {"config": shlex.quote(str(config)), "state": shlex.quote(str(folder / "state"))}
    processes.run("daemon", shlex.split(line.daemon.format(**places)), stderr=folder / "daemon.log")
    target = ["--port", str(broker), "--device", "bench/bench/d1", "--point", "r0"]
    processes.run("commander", [*python, "scripts.bench.commander", *target])
    processes.line("commander")
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while processes.ask("fleet", "")["requests"] < line.units:
        processes.fail_if_ended()
        if time.monotonic() > deadline_s:
            raise SystemExit(f"the daemon does not read every unit:\n{processes.daemon_log()}")
        time.sleep(0.1)


def _site(line: Line, path: str, broker: int) -> str:
    """Units that are polled ten times as often as the bus can bear at best."""
    all_of_them = ", ".join(f"r{n}: {{address: {n}, type: uint16, writable: true}}" for n in range(line.registers))
    points = f"{{{all_of_them}}}"
    link = f"adapter: modbus, transport: rtu, port: {path}, baudrate: {line.baudrate}, parity: even"
    devices = (
        f"  d{unit}: {{link: bus, unit_id: {unit}, every: 10ms, points: {'*all' if unit > 1 else f'&all {points}'}}}"
        for unit in range(1, line.units + 1)
    )
    return "\n".join(
        [
            "version: 1",
            "gateway: {id: bench}",
            "endpoints:",
            f'  cloud: {{type: mqtt, url: "mqtt://127.0.0.1:{broker}", root: bench}}',
            "links:",
            f"  bus: {{{link}}}",
            "devices:",
            *devices,
            "",
        ]
    )
