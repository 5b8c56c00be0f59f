"""Measures what each endpoint costs in each format, and whether readings are lost or doubled; asserts nothing of speed.

formats   simulated Modbus TCP devices of 100 uint16 each, through each endpoint and format to its far end: mosquitto
          over MQTT 5 and 3.1.1, plain, with TLS and a client certificate, through WebSocket (which a process of its own
          ends before mosquitto) and a SOCKS5 proxy; and the tests' IoT Hub, over TLS and WebSocket, with a token.
renewals  the same load while the connection begins anew every few seconds: a token that ends, which lives for seconds
          only here (unless --daemon is given), a client certificate or a password that is exchanged.
drain     a filled outbox, as fast as it goes.

Every value is checked at the far end. An envelope is a reading, also in a batch. CPU is the daemon's only, with all it
does from the register on; "x mqtt 5" compares it with the first case of the same period. Latency is from the register
to the counter behind the far end; of batches it says nothing, as they wait. Bytes are those of the daemon's TCP
connection, with TLS and all topics.

Everything runs on this machine and on loopback: devices, far end, the daemon with its outbox on a file in the directory
for temporary files (TMPDIR), and what measures it. "foreign" is what neither the daemon nor the rig used, in % of one
core: above a few per cent the figures are not worth much. The hub is Python and takes much longer for an envelope than
mosquitto, so that in a drain it is the hub's speed that shows; the daemon's CPU is its own. "waiting" are those in the
outbox still when the daemon is stopped, where they come faster than they leave.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from gateway.units import parse_duration
from scripts.bench.draining import DRAIN_CPU, UNLIMITED, Drain, drain
from scripts.bench.processes import daemon_command
from scripts.bench.program import Parts, add_daemon, run_parts
from scripts.bench.renewing import renewed
from scripts.bench.result import Case, Row
from scripts.bench.rig import Rig
from scripts.bench.signals import REGISTERS
from scripts.bench.ways import Renewing, Way, renewings, ways
from scripts.bench.wire import sent_bytes

Named = TypeVar("Named", Way, Renewing)

DEVICES = 10
PERIOD, FAST, RENEWALS_PERIOD = "100ms", "10ms", "50ms"
PERIODS = f"formats {PERIOD}, some {FAST} too, renewals {RENEWALS_PERIOD}"
ROWS = 20_000
EVERY_S = 3.0
"""Two looks at the files, and one more second."""
UNHURRIED = f"outbox: {{backlog_rate: {UNLIMITED}}}"
"""What has once come too late is not held back for that."""


def main() -> None:
    """Measure the parts asked for, and print each."""
    run_parts("endpoints", __doc__, PARTS, _add_options)


class _Cost(NamedTuple):
    """Of one way; all of envelopes."""

    row: Row
    bytes_each: float

    @property
    def per_s(self) -> float:
        return self.row.values_per_s / REGISTERS

    @property
    def us_each(self) -> float:
        return self.row.us_per_value * REGISTERS


def _formats(options: argparse.Namespace) -> None:
    for period in options.period or (PERIOD, FAST):
        base: _Cost | None = None
        for way in _chosen(options, ways()):
            if options.period or period == PERIOD or way.is_fast:
                cost = _cost(options, way, period)
                base = base or (cost if way == ways()[0] else None)
                _print(f"formats, {way.name}, each {period}", way, cost, base)


def _cost(options: argparse.Namespace, way: Way, period: str) -> _Cost:
    case = _case(options, way, period, options.daemon or daemon_command(options.profile))
    with _folder() as folder, Rig(case, Path(folder), way.start) as rig:
        time.sleep(case.warmup_s)
        before, sent = rig.moment(), sent_bytes(rig.port)
        time.sleep(case.seconds)
        sent = sent_bytes(rig.port) - sent
        row = rig.row_since(before)
        return _Cost(row, sent * REGISTERS / max(1.0, row.values_per_s * case.seconds))


def _print(name: str, way: Way, cost: _Cost, base: _Cost | None) -> None:
    row = cost.row
    ratio = "" if base is None else f", {cost.us_each / base.us_each:.2f} x mqtt 5"
    latency = f", p50/p99 {row.p50_ms:.1f}/{row.p99_ms:.1f} ms" if way.has_latency else ""
    print(f"{name}: {cost.per_s:.0f} envelopes/s, {cost.us_each:.0f} us/envelope{ratio}{latency}", end="")
    print(f", {cost.bytes_each:.0f} bytes each; {_amiss(row)}; {_cpu(row)}", flush=True)


def _amiss(row: Row) -> str:
    waiting = f", {row.waiting} waiting" if row.waiting else ""
    wrong = row.wrong + row.malformed + row.violations
    return f"{row.lost - row.waiting} lost, {row.duplicates} doubled, {wrong} wrong{waiting}"


def _cpu(row: Row) -> str:
    others = f"{row.broker_cpu_percent:.0f}/{row.counter_cpu_percent:.0f}"
    return f"daemon/broker/counter {row.cpu_percent:.0f}/{others} %, foreign {row.foreign_cpu_percent:.0f} %"


def _renewals(options: argparse.Namespace) -> None:
    for each in _chosen(options, renewings()):
        for period in options.period or (RENEWALS_PERIOD,):
            daemon = options.daemon or daemon_command(options.profile, each.daemon)
            case = _case(options, each.way, period, daemon)
            found = renewed(case, each.way.start, each.change, options.every)
            name = f"renewals, {each.name}, each {period}"
            print(f"{name}: {found.times} renewals, {found.ends} other ends; {_amiss(found.row)}")
            print(f"{name}: longest without an arrival {found.longest_ms:.0f} ms; {_cpu(found.row)}", flush=True)


def _drain(options: argparse.Namespace) -> None:
    for way in _chosen(options, ways()):
        what = Drain(
            options.rows, endpoint=tuple(way.settings), protocol=way.protocol, far_end=way.start, form=way.form
        )
        drained = drain(what, options.daemon or daemon_command(options.profile))
        us_each = drained.cpu_percent["daemon"] * 1e4 / drained.per_s
        shares = "/".join(f"{drained.cpu_percent[name]:.0f}" for name in DRAIN_CPU)
        order = "in order" if drained.in_order else "NOT in order"
        print(f"drain, {way.name}: {drained.per_s:.0f} envelopes/s, {us_each:.0f} us/envelope", end="")
        print(f"; {drained.lost} lost, {drained.duplicates} doubled, {drained.wrong} wrong, {order}", end="")
        print(f"; {'/'.join(DRAIN_CPU)} {shares} %, foreign {drained.foreign_percent:.0f} %", flush=True)


PARTS: Parts = {
    "formats": _formats,
    "renewals": _renewals,
    "drain": _drain,
}


def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="fieldgate-bench-")


def _chosen(options: argparse.Namespace, cases: Sequence[Named]) -> list[Named]:
    return [each for each in cases if not options.case or each.name in options.case]


def _case(options: argparse.Namespace, way: Way, period: str, daemon: str) -> Case:
    return Case(
        devices=options.devices,
        type="uint16",
        period_s=parse_duration(period),
        warmup_s=options.warmup,
        seconds=options.seconds,
        protocol=way.protocol,
        site=tuple(options.site),
        daemon=daemon,
        endpoint=(*way.settings, UNHURRIED),
    )


def _add_options(parser: argparse.ArgumentParser) -> None:
    names = [*(way.name for way in ways()), *(each.name for each in renewings())]
    parser.add_argument("--case", action="append", choices=names, help="repeatable; default: all of the part")
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--period", action="append", metavar="DURATION", help=f"repeatable; default: {PERIODS}")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each window that is measured")
    parser.add_argument("--every", type=float, default=EVERY_S, metavar="SECONDS", help="renewals: between changes")
    parser.add_argument("--rows", type=int, default=ROWS, help="drain: in the outbox")
    add_daemon(parser)


if __name__ == "__main__":
    main()
