"""Measures the Modbus adapter at its limits; asserts nothing about speed.

serial    a bus of which polls want more than there is, at 9600, 19200 and 115200 baud, on pty pairs between which every
          character takes its time: the time of requests, replies and the silence after each, of all time. Then
          commands at any moment: how many requests began between a command's publishing and its own.
values    ten connections of ten devices of 1,000 float32 each, every value new each second, from the registers to the
          broker's acknowledgement; meanwhile 100 commands, from their publishing to the register.
devices   1,000 devices of 20 uint16 registers on connections of their own, each second.

Every value is checked at a subscriber. Everything runs on this machine and on loopback: simulated devices, mosquitto,
the daemon with its outbox on a file in the directory for temporary files (TMPDIR), and what measures it. CPU is the
daemon's only, in % of one core; "foreign" is what neither the daemon nor the rig used.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from pathlib import Path

from scripts.bench.commanding import DONE, measured
from scripts.bench.draining import centile
from scripts.bench.occupancy import Line, Used, used
from scripts.bench.processes import daemon_command
from scripts.bench.program import Parts, add_daemon, run_parts
from scripts.bench.result import Case, Row
from scripts.bench.rig import Rig

BAUDRATES = (9600, 19200, 115200)
SIZES = (10, 125)
UNITS_ON_BUS = 8
BUS_COMMANDS = 30
OCCUPANCY_TARGET_PERCENT = 97.0
CONNECTIONS, UNITS, FLOATS = 10, 10, 1000
DEVICES, POINTS = 1000, 20
COMMANDS = 100
VALUES_TARGET_PERCENT, VALUES_TARGET_MIB, COMMANDS_TARGET_MS = 35.0, 120.0, 100.0


def main() -> None:
    """Measure the parts asked for, and print each."""
    run_parts("modbus", __doc__, PARTS, _add_options)


def _serial(options: argparse.Namespace) -> None:
    for baudrate in options.baudrate or BAUDRATES:
        for registers in SIZES:
            line = Line(
                baudrate=baudrate,
                registers=registers,
                units=UNITS_ON_BUS,
                seconds=options.seconds,
                warmup_s=options.warmup,
                commands=min(options.commands, BUS_COMMANDS),
                daemon=options.daemon or daemon_command(options.profile),
            )
            _print_used(line, used(line))


def _print_used(line: Line, bus: Used) -> None:
    name = f"serial, {line.baudrate} baud, {line.registers} registers a request"
    share = f"{100 * bus.share:.2f} % of what is allowed{_ratio(100 * bus.share, OCCUPANCY_TARGET_PERCENT)}"
    print(
        f"{name}: {share}, {bus.per_s:.1f} requests/s, {bus.early} too early; daemon {bus.cpu_percent:.1f} % of a core"
    )
    best = f"{bus.idle_us:.0f} us after the silence at best, a tenth of all (always so: {100 * bus.best_share:.2f} %)"
    late, waited = f"{100 * bus.late:.2f} %", f"{100 * bus.waited:.2f} %"
    print(f"{name}: requests {best}; of the time, the bus was late by {late}, the daemon without a core {waited}")
    counts = ", ".join(f"{count} by {requests}" for requests, count in sorted(Counter(bus.passed_by).items()))
    print(f"{name}: of {line.commands} commands passed by requests: {counts}", end="")
    print(f"; published to wire p50 {centile(bus.to_wire_ms, 50):.1f} ms, max {max(bus.to_wire_ms):.1f} ms", flush=True)


def _values(options: argparse.Namespace) -> None:
    connections = options.connections or CONNECTIONS
    case = _case(options, connections * UNITS, 2 * FLOATS, UNITS)
    row, told, started_s = measured(case, options.commands, options.seconds / options.commands)
    print(f"values: {connections} x {UNITS} x {FLOATS} float32 each second, read after {started_s:.1f} s")
    print(f"values: {_cost(row, VALUES_TARGET_PERCENT, VALUES_TARGET_MIB)}")
    print(f"values: {_delivery(row)}")
    p99_ms = centile(told.to_register_ms, 99)
    print(f"values: {told.words[DONE]} of {len(told.sent_us)} commands done, {told.twice} written twice", end="")
    print(f"; to register p50 {centile(told.to_register_ms, 50):.1f} ms, p99 {p99_ms:.1f} ms", end="")
    print(f" ({p99_ms / COMMANDS_TARGET_MS:.2f} of {COMMANDS_TARGET_MS:g}), max {max(told.to_register_ms):.1f} ms")


def _devices(options: argparse.Namespace) -> None:
    case = _case(options, options.connections or DEVICES, POINTS, 1)
    with tempfile.TemporaryDirectory(prefix="fieldgate-bench-") as folder, Rig(case, Path(folder)) as rig:
        row = rig.measure()
    print(f"devices: {row.devices} x {POINTS} uint16 each second, all read after {rig.started_s:.1f} s")
    print(f"devices: {_cost(row)}")
    print(f"devices: {_delivery(row)}", flush=True)


PARTS: Parts = {"serial": _serial, "values": _values, "devices": _devices}


def _case(options: argparse.Namespace, devices: int, registers: int, units: int) -> Case:
    return Case(
        devices=devices,
        type="float32" if units > 1 else "uint16",
        period_s=1.0,
        warmup_s=options.warmup,
        seconds=options.seconds,
        protocol="5",
        site=tuple(options.site),
        daemon=options.daemon or daemon_command(options.profile),
        point=("writable: true",) if units > 1 else (),
        registers=registers,
        units=units,
    )


def _cost(row: Row, percent: float | None = None, mib: float | None = None) -> str:
    cpu = f"{row.cpu_percent:.1f} % of a core{_ratio(row.cpu_percent, percent)}, {row.us_per_value:.2f} us/value"
    memory = f"{row.rss_mib:.1f} MiB at its highest{_ratio(row.rss_mib, mib)}"
    fleet, broker = f"fleet {row.fleet_cpu_percent:.0f} %", f"broker {row.broker_cpu_percent:.0f} %"
    rig = f"{fleet}, {broker}, counter {row.counter_cpu_percent:.0f} %, foreign {row.foreign_cpu_percent:.0f} %"
    return f"{cpu}, {memory}; {rig}"


def _ratio(figure: float, target: float | None) -> str:
    """To what is aimed at, if anything is."""
    return f" ({figure / target:.2f} of {target:g})" if target else ""


def _delivery(row: Row) -> str:
    amount = f"{row.values_per_s:.0f} values/s, {row.requests_per_s:.0f} requests/s"
    demand = f"{row.of_demand:.3f} of the demand, of the device polled least {row.least_of_demand:.3f}"
    wrong = f"{row.lost} lost, {row.duplicates} doubled, {row.wrong + row.malformed} wrong"
    return f"{amount}, {demand}; {wrong}; read to broker p50 {row.p50_ms:.0f} ms, p99 {row.p99_ms:.0f} ms"


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=20.0, help="of each window that is measured")
    parser.add_argument("--baudrate", action="append", type=int, help="repeatable; of serial")
    parser.add_argument("--connections", type=int, metavar="N", help=f"values: {CONNECTIONS}, devices: {DEVICES}")
    parser.add_argument("--commands", type=int, default=COMMANDS, metavar="N")
    add_daemon(parser)


if __name__ == "__main__":
    main()
