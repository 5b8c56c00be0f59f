"""What all benches have in common: their options, and how they run and end."""

from __future__ import annotations

import argparse
import pstats
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

PROFILE_LINES = 60

Add = Callable[[argparse.ArgumentParser], None]
"""Adds a bench's own options."""

Measure = Callable[[argparse.Namespace], None]
"""Measures, and prints what was found."""

Parts = Mapping[str, Measure]
"""Of a bench, by name."""


def run(name: str, about: str | None, measure: Measure, add: Add) -> None:
    """Measure as the command line of `scripts/bench/NAME` has it."""
    parser = argparse.ArgumentParser(
        prog=f"scripts/bench/{name}", description=about, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add(parser)
    parser.add_argument(
        "--profile", metavar="FILE", help="run the daemon under cProfile (slower), print where time went"
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        measure(options)
    except KeyboardInterrupt:
        sys.exit(130)
    if options.profile and Path(options.profile).exists():
        pstats.Stats(options.profile).sort_stats("tottime").print_stats(PROFILE_LINES)


def run_parts(name: str, about: str | None, parts: Parts, add: Add) -> None:
    """Measure the parts that are asked for, or all."""

    def measure(options: argparse.Namespace) -> None:
        for part in options.part or parts:
            parts[part](options)

    def add_all(parser: argparse.ArgumentParser) -> None:
        told = f"of {', '.join(parts)}; default: all"
        parser.add_argument("part", nargs="*", metavar="PART", type=lambda text: _one_of(parts, text), help=told)
        add(parser)

    run(name, about, measure, add_all)


def add_daemon(parser: argparse.ArgumentParser, site: str = "outbox: {commit_interval: 0s}") -> None:
    """The options of benches that load a daemon; `site` is an example of a line for it."""
    parser.add_argument("--warmup", type=float, default=3.0, metavar="SECONDS")
    parser.add_argument("--site", action="append", default=[], metavar="YAML", help=f"a top-level line: '{site}'")
    parser.add_argument("--daemon", metavar="COMMAND", help="another daemon; {config} and {state} are filled in")


def _one_of(parts: Parts, text: str) -> str:
    if text not in parts:
        raise argparse.ArgumentTypeError(f"no such part: {text}")
    return text
