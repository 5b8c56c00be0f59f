"""Measures the daemon's throughput: what it costs to bring a value from a register to the broker.

Everything runs on this machine and on loopback: simulated Modbus TCP devices, mosquitto, the daemon with its outbox,
and a subscriber that checks every value. Latency is from the moment a register is read to the message's arrival at the
subscriber. CPU is the daemon's only; "foreign" is what neither the daemon nor the rig used, in % of one core: above a
few per cent the row is not worth much. Asserts nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
from pathlib import Path
from typing import Any

from gateway.units import format_duration, parse_duration
from scripts.bench.processes import daemon_command
from scripts.bench.program import add_daemon, run
from scripts.bench.result import Case, Row
from scripts.bench.rig import Rig

PERIODS = ("1s", "100ms", "10ms")
HEADERS = (
    "devices", "type", "period", "values/s", "req/s", "us/value", "cpu %", "RSS MiB", "p50/p99 ms", "of demand", "lost",
    "dup", "wrong", "B/value", "fleet/broker/counter %", "foreign %",
)  # fmt: skip


def main() -> None:
    """Measure every period asked for and print a row for each."""
    run("throughput", __doc__, _measure_all, _add_options)


def _measure_all(options: argparse.Namespace) -> None:
    rows = []
    if not options.json:
        print(_line(HEADERS), "\n" + _line(["---"] * len(HEADERS)), sep="", flush=True)
    for period in options.period or PERIODS:
        row = _measure(options, parse_duration(period))
        rows.append(dataclasses.asdict(row))
        if not options.json:
            print(_line(_cells(row)), flush=True)
    if options.json:
        print(json.dumps(rows, indent=1))


def _measure(options: argparse.Namespace, period_s: float) -> Row:
    case = Case(
        devices=options.devices,
        type=options.type,
        period_s=period_s,
        warmup_s=options.warmup,
        seconds=options.seconds,
        protocol=options.protocol,
        site=tuple(options.site),
        daemon=options.daemon or daemon_command(options.profile),
    )
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as folder, Rig(case, Path(folder)) as rig:
        return rig.measure()


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--type", choices=("uint16", "float32"), default="uint16", help="100 uint16 or 50 float32")
    parser.add_argument("--devices", type=int, default=10)
    parser.add_argument("--period", action="append", metavar="DURATION", help="repeatable; default: 1s, 100ms, 10ms")
    parser.add_argument("--seconds", type=float, default=20.0, help="of the window that is measured")
    parser.add_argument("--protocol", choices=("5", "3.1.1"), default="5", help="MQTT version")
    parser.add_argument("--json", action="store_true")
    add_daemon(parser)


def _cells(row: Row) -> list[Any]:
    return [
        row.devices,
        row.type,
        format_duration(row.period_ms / 1000),
        f"{row.values_per_s:.0f}",
        f"{row.requests_per_s:.1f}",
        f"{row.us_per_value:.2f}",
        f"{row.cpu_percent:.1f}",
        f"{row.rss_mib:.1f}",
        f"{row.p50_ms:.2f}/{row.p99_ms:.2f}",
        f"{row.of_demand:.3f}",
        row.lost,
        row.duplicates,
        row.wrong + row.malformed,
        f"{row.bytes_per_value:.1f}",
        f"{row.fleet_cpu_percent:.0f}/{row.broker_cpu_percent:.0f}/{row.counter_cpu_percent:.0f}",
        f"{row.foreign_cpu_percent:.1f}",
    ]


def _line(cells: Any) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


if __name__ == "__main__":
    main()
