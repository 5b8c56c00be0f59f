"""Measures what the outbox can take and give; asserts nothing.

append    a process appends and commits envelopes of 100 values with the encoder and an outbox on a real file: flat out,
          and at 20,000 per second without waiting for commits.
drain     the daemon starts on a filled outbox and sends it over MQTT at QoS 1 to mosquitto, with a subscriber that
          checks every value; CPU in % of one core.
open      from the start of the daemon until it is ready, on an empty outbox and on a full one that no cache knows.
memory    memory of a process while envelopes build up and drain, once it has found its size.
live      how long new readings take from the register to the subscriber while a backlog drains.
healthy   what the daemon writes to its disk while all is well.

Everything runs on this machine, on loopback; what else runs on it shows. Files go to the directory for temporary files
(TMPDIR), which should be on a disk; 10 million envelopes take 21 GB there.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from typing import Any

from scripts.bench.draining import DRAIN_CPU, UNLIMITED, Drain, Drained, centile, drain
from scripts.bench.opening import healthy, opening
from scripts.bench.processes import daemon_command
from scripts.bench.program import Parts, run_parts
from scripts.bench.result import MIB, Case

APPEND_ROWS, APPEND_ROWS_FULL = 200_000, 1_000_000
DRAIN_ROWS = 200_000
LIVE_ROWS, LIVE_ROWS_FULL = 200_000, 1_000_000
ROWS, ROWS_FULL = 500_000, 10_000_000
SECONDS, SECONDS_FULL = 60.0, 600.0
LIVE_S = 20.0
LIVE_DEVICES = 10
LIVE_PERIOD_S = 0.1
DEFAULT_RATE = "200/s"
APPEND_TARGET = 20_000
DRAIN_TARGET = 6_000
OPEN_TARGET_S = 2.0


def main() -> None:
    """Measure the parts asked for, and print each."""
    run_parts("outbox", __doc__, PARTS, _add_options)


def _append(options: argparse.Namespace) -> None:
    flat = _in_process("flat", APPEND_ROWS_FULL if options.full else APPEND_ROWS)
    rate = flat["per_s"]
    print(f"append, flat out: {rate:.0f} envelopes/s ({rate / APPEND_TARGET:.1f} of {APPEND_TARGET})", end="")
    print(f", {flat['cpu_us']:.1f} us CPU each", flush=True)
    for share in (0.5, 1.0):
        wanted = APPEND_TARGET * share
        paced = _in_process("paced", int(wanted * 10), "--rate", str(wanted))
        print(f"append, {wanted:.0f}/s asked for: {paced['per_s']:.0f}/s, {paced['cpu_us']:.1f} us CPU each", end="")
        print(f", {paced['lost']} lost, longest commit {paced['worst_commit_s']:.2f} s", flush=True)


def _drain(options: argparse.Namespace) -> None:
    settings: list[tuple[str, ...]] = [() if options.window is None else (f"window: {options.window}",)]
    if options.batch:
        settings.append((f"batch: {{max_messages: {options.batch}}}",))
    for endpoint in settings:
        drained = drain(Drain(DRAIN_ROWS, endpoint=endpoint), daemon_command(options.profile))
        words = ", ".join(["drain", *endpoint])
        target = DRAIN_TARGET * (2 if "batch" in words else 1)
        rate = drained.per_s
        print(f"{words}: {rate:.0f} envelopes/s ({rate / target:.1f} of {target}), {rate * 100:.0f} values/s", end="")
        print(f", {_cpu(drained)}, {_memory(drained)}, {_wrong(drained)}", flush=True)


def _open(options: argparse.Namespace) -> None:
    rows = options.rows or (ROWS_FULL if options.full else ROWS)
    opened = opening(_case(options), rows)
    more_s = opened.full_s - opened.empty_s
    print(f"open: ready after {opened.empty_s:.2f} s on an empty outbox, {opened.full_s:.2f} s on {rows} rows", end="")
    print(
        f" ({opened.file_bytes / MIB:.0f} MiB): {more_s:+.2f} s, {more_s / OPEN_TARGET_S:.2f} of {OPEN_TARGET_S:g} s",
        flush=True,
    )


def _memory_part(options: argparse.Namespace) -> None:
    rows = options.rows or (ROWS_FULL if options.full else ROWS)
    told = _in_process("memory", rows)
    for phase, rate in (("filling", "filled_per_s"), ("emptying", "drained_per_s")):
        low, high = told[f"{phase}_mib"]
        print(f"memory, {phase} {rows} rows: {low:.1f} to {high:.1f} MiB, {told[rate]:.0f} envelopes/s", flush=True)


def _live(options: argparse.Namespace) -> None:
    rows = LIVE_ROWS_FULL if options.full else LIVE_ROWS
    for rate in (DEFAULT_RATE, UNLIMITED):
        what = Drain(rows, rate=rate, devices=LIVE_DEVICES, period_s=LIVE_PERIOD_S)
        drained = drain(what, daemon_command(options.profile), at_most_s=LIVE_S)
        p50, p99 = centile(drained.live_ms, 50), centile(drained.live_ms, 99)
        print(f"live first, backlog_rate {rate}: p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(drained.live_ms)}", end="")
        print(f" while {drained.per_s:.0f} of {rows} old ones left per second for {drained.seconds:.0f} s", flush=True)


def _healthy(options: argparse.Namespace) -> None:
    seconds = options.seconds or (SECONDS_FULL if options.full else SECONDS)
    written = healthy(_case(options), seconds)
    touched = ", ".join(f"{name} ({grown:+} bytes)" for name, grown in written.touched.items()) or "none"
    print(f"healthy: {written.disk_bytes} bytes written in {seconds:.0f} s and {written.readings} readings", end="")
    print(f"; files touched: {touched}", flush=True)


PARTS: Parts = {
    "append": _append,
    "drain": _drain,
    "open": _open,
    "memory": _memory_part,
    "live": _live,
    "healthy": _healthy,
}


def _in_process(what: str, rows: int, *more: str) -> Any:
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as folder:
        command = [
            sys.executable,
            "-m",
            "scripts.bench.appending",
            what,
            "--folder",
            folder,
            "--rows",
            str(rows),
            *more,
        ]
        said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return json.loads(said.splitlines()[-1])


def _case(options: argparse.Namespace) -> Case:
    return Case(
        devices=LIVE_DEVICES,
        type="uint16",
        period_s=1.0,
        warmup_s=5.0,
        seconds=0,
        protocol="5",
        site=("outbox: {max_size: 1024GiB}",),
        daemon=daemon_command(options.profile),
    )


def _cpu(drained: Drained) -> str:
    shares = "/".join(f"{drained.cpu_percent[name]:.0f}" for name in DRAIN_CPU)
    return f"{'/'.join(DRAIN_CPU)} {shares} %"


def _memory(drained: Drained) -> str:
    return f"{drained.lowest_mib:.1f} to {drained.peak_mib:.1f} MiB"


def _wrong(drained: Drained) -> str:
    order = "in order" if drained.in_order else "NOT in order"
    return f"{drained.lost} lost, {drained.duplicates} twice, {order}"


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--full", action="store_true", help="10 million rows, a million of backlog, 10 minutes")
    parser.add_argument("--rows", type=int, help=f"of open and memory; default {ROWS}")
    parser.add_argument("--seconds", type=float, help=f"of healthy; default {SECONDS:g}")
    parser.add_argument("--batch", type=int, default=100, metavar="N", help="drain: also in batches of N; 0: not")
    parser.add_argument("--window", type=int, metavar="N", help="drain: the endpoint's window")


if __name__ == "__main__":
    main()
