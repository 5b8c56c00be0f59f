"""Measures what serial devices cost that send without pause; asserts nothing about speed.

Devices on pseudo terminals send frames of 20 bytes back to back, at the speed of the wire: half of them lines of text
taken apart by a pattern (two values), half frames with a length field and a CRC-16 (four values). Each frame is one
reading, and one message at the broker; every one is checked there. Bytes are handed to the terminals each millisecond,
so that frames are cut anywhere; latency is from a frame's last byte to its message at a subscriber.

Everything runs on this machine and on loopback: the lines, mosquitto, the daemon with its outbox on a file in the
directory for temporary files (TMPDIR), and what measures it. CPU is the daemon's only; "foreign" is what neither the
daemon nor the rig used, in % of one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from scripts.bench.draining import centile
from scripts.bench.listening import Cost, Load, cost_of
from scripts.bench.processes import daemon_command
from scripts.bench.program import add_daemon, run
from scripts.bench.telegrams import FRAME_BYTES, kind_of

LINES, BAUDRATE = 8, 115200
LATENCY_TARGET_MS = 50.0


def main() -> None:
    """Measure, and print."""
    run("serial", __doc__, _measure, _add_options)


def _measure(options: argparse.Namespace) -> None:
    load = Load(
        fleet=("scripts.bench.lines", "--lines", str(options.lines), "--baudrate", str(options.baudrate)),
        config=lambda paths: _config(paths, options.baudrate),
        said="telegrams",
        devices=options.lines,
        seconds=options.seconds,
        warmup_s=options.warmup,
        site=tuple(options.site),
        daemon=options.daemon or daemon_command(options.profile),
    )
    _print(options.lines, options.baudrate, cost_of(load))


def _config(paths: Sequence[str], baudrate: int) -> list[str]:
    kinds = [kind_of(number) for number in range(len(paths))]
    return [
        "links:",
        *(
            f"  l{n}: {{adapter: serial, port: {path}, baudrate: {baudrate}, {kinds[n].link}}}"
            for n, path in enumerate(paths)
        ),
        "devices:",
        *(f"  d{n}: {{link: l{n}, {kind.device}}}" for n, kind in enumerate(kinds)),
    ]


def _print(lines: int, baudrate: int, cost: Cost) -> None:
    print(f"serial: {lines} lines at {baudrate} baud, frames of {FRAME_BYTES} bytes, {cost.per_s:.0f} frames/s")
    wrong = f"{cost.lost} lost, {cost.doubled} doubled, {cost.wrong} wrong"
    print(f"serial: {cost.sent} frames sent, {wrong}, {cost.overrun_bytes} bytes not taken in time")
    cpu = f"{cost.us_each:.1f} us/frame, {cost.cpu_percent:.1f} % of a core"
    print(f"serial: {cpu}, {cost.rss_mib:.1f} MiB at its highest; foreign {cost.foreign_percent:.0f} %")
    if cost.latency_ms:
        p50, p99 = centile(cost.latency_ms, 50), centile(cost.latency_ms, 99)
        target = f"({p99 / LATENCY_TARGET_MS:.2f} of {LATENCY_TARGET_MS:g})"
        longest = max(cost.latency_ms)
        print(
            f"serial: last byte to broker p50 {p50:.1f} ms, p99 {p99:.1f} ms {target}, max {longest:.1f} ms", flush=True
        )


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--baudrate", type=int, default=BAUDRATE)
    parser.add_argument("--seconds", type=float, default=20.0, help="of the window that is measured")
    add_daemon(parser)


if __name__ == "__main__":
    main()
