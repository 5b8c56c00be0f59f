"""Measures what becomes of commands; asserts nothing about speed.

idle      commands one after the other to a device that is read once a second: from the publishing of a command to the
          moment its write reaches the device, and to the arrival of its result.
loaded    the same while ten devices bring 100,000 values per second, one of which takes the commands.
flood     10,000 commands, published as fast as the broker takes them, to a device that is read every 20 ms: what
          becomes of them, of its polls, and of the daemon's memory; also for a device that takes 5 ms for each
          request, and for one of which polls want half of the time.
start     how long `fieldgate --version` takes, and the memory of a daemon that has next to nothing to do.

Every command writes its own value to one point: each must be written once at most and answered once; "told wrong" is
where what was written and what was answered as done differ. Order is not looked at in the flood: mosquitto 2.0.11 lets
what is published pass what waits for the daemon's Receive Maximum. Everything runs on this machine and on loopback:
simulated Modbus TCP devices, mosquitto, the daemon with its journal on a file in the directory for temporary files
(TMPDIR), which should be on a disk.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median

from scripts.bench.commanding import DONE, QUEUE_FULL, Flooded, Timed, Told, flood, one_by_one
from scripts.bench.draining import centile
from scripts.bench.processes import FIELDGATE, daemon_command
from scripts.bench.program import Parts, add_daemon, run_parts
from scripts.bench.result import Case
from scripts.bench.starting import idle_memory_mib, wall_ms

COMMANDS = 500
FLOOD_COMMANDS = 10_000
MOST_COMMANDS = 65_535
"""A command's number is the value of its register and its packet's id."""
PAUSE_S = 0.01
"""On average, between an answer and the next command: a poll's period under load, so that they come at any moment."""
LOADED_DEVICES, LOADED_PERIOD_S = 10, 0.01
FLOODS = ((0.0, 0.02), (0.005, 0.02), (0.005, 0.01))
"""Time of a request, and how often the device is polled. A poll of 100 registers takes 5 ms at 460,800 baud."""
VERSION_RUNS = 20
IDLE_TARGETS_MS = (5.0, 20.0)
LOADED_TARGETS_MS = (None, 100.0)
VERSION_TARGET_MS = 150.0


def main() -> None:
    """Measure the parts asked for, and print each."""
    run_parts("commands", __doc__, PARTS, _add_options)


def _idle(options: argparse.Namespace) -> None:
    timed = one_by_one(_case(options, 1, 1.0), options.commands or COMMANDS, PAUSE_S)
    _print_timed("idle", timed, IDLE_TARGETS_MS)


def _loaded(options: argparse.Namespace) -> None:
    timed = one_by_one(_case(options, LOADED_DEVICES, LOADED_PERIOD_S), options.commands or COMMANDS, PAUSE_S)
    _print_timed("loaded", timed, LOADED_TARGETS_MS)


def _flood(options: argparse.Namespace) -> None:
    count = options.commands or FLOOD_COMMANDS
    for takes_s, period_s in FLOODS:
        name = f"flood, {takes_s * 1000:g} ms per request, polled each {period_s * 1000:g} ms"
        _print_flooded(name, flood(_case(options, 1, period_s, takes_s=takes_s), count), count)


def _start(options: argparse.Namespace) -> None:
    p50_ms = median(wall_ms([str(FIELDGATE), "--version"], VERSION_RUNS))
    print(f"start: fieldgate --version p50 {_of(p50_ms, VERSION_TARGET_MS)} in {VERSION_RUNS} runs", end="")
    now_mib, peak_mib = idle_memory_mib(_case(options, 1, 1.0))
    print(f"; an idle daemon has {now_mib:.1f} MiB, {peak_mib:.1f} at its highest", flush=True)


PARTS: Parts = {
    "idle": _idle,
    "loaded": _loaded,
    "flood": _flood,
    "start": _start,
}


def _case(options: argparse.Namespace, devices: int, period_s: float, *, takes_s: float = 0) -> Case:
    return Case(
        devices=devices,
        type="uint16",
        period_s=period_s,
        warmup_s=options.warmup,
        seconds=options.seconds,
        protocol="5",
        site=tuple(options.site),
        daemon=options.daemon or daemon_command(options.profile),
        point=("writable: true",),
        takes_s=takes_s,
    )


def _print_timed(part: str, timed: Timed, targets_ms: Sequence[float | None]) -> None:
    told, count = timed.told, len(timed.told.sent_us)
    print(f"{part}: published to register {_centiles(told.to_register_ms, targets_ms)}", end="")
    print(f"; to result {_centiles(told.to_answer_ms, (None, None))}")
    print(f"{part}: {told.words[DONE]} of {count} done, {_checked(told, count)}", end="")
    print(f", {'in order' if told.in_order else 'NOT in order'}", end="")
    print(f"; {timed.values_per_s:.0f} values/s, daemon {timed.cpu_percent:.0f} % of a core", flush=True)


def _print_flooded(part: str, flooded: Flooded, count: int) -> None:
    told, words = flooded.told, flooded.told.words
    others = sum(words.values()) - words[DONE] - words[QUEUE_FULL]
    ratio = flooded.polls_during / flooded.polls_before
    print(f"{part}: {count} commands in {flooded.seconds:.1f} s, {words[DONE]} done", end="")
    print(f", {words[QUEUE_FULL]} queue-full, {others} others, {_checked(told, count)}")
    print(f"{part}: polls/s {flooded.polls_before:.1f} before, {flooded.polls_during:.1f} during ({ratio:.2f})", end="")
    grown_mib = flooded.peak_after_mib - flooded.peak_before_mib
    print(f"; memory at its highest {flooded.peak_before_mib:.1f} MiB before, {grown_mib:+.1f} MiB after", flush=True)


def _checked(told: Told, count: int) -> str:
    right = "" if told.is_told_right else ", told WRONG"
    silent, extra = told.unanswered(count), told.answered_twice
    return f"{silent} unanswered, {extra} answered twice, {told.twice} written twice{right}"


def _centiles(values_ms: Sequence[float], targets_ms: Sequence[float | None]) -> str:
    parts = [f"p{n} {_of(centile(values_ms, n), at)}" for n, at in zip((50, 99), targets_ms, strict=True)]
    return ", ".join([*parts, f"max {max(values_ms, default=0):.1f} ms"])


def _of(value_ms: float, target_ms: float | None) -> str:
    """With its ratio to what is aimed at, if anything is."""
    return f"{value_ms:.1f} ms" + (f" ({value_ms / target_ms:.2f} of {target_ms:g})" if target_ms else "")


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--commands", type=_count, metavar="N", help=f"default {COMMANDS}, of flood {FLOOD_COMMANDS}")
    parser.add_argument("--seconds", type=float, default=5.0, help="of polls before the flood")
    add_daemon(parser, "commands: {max_queue: 10}")


def _count(text: str) -> int:
    """Of commands."""
    if not text.isdecimal() or not 1 < int(text) <= MOST_COMMANDS:
        raise argparse.ArgumentTypeError(f"must be 2 to {MOST_COMMANDS}")
    return int(text)


if __name__ == "__main__":
    main()
