"""`fieldgate run`: the daemon. Imports neither typer nor rich."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

import structlog

from gateway import log as logging_setup
from gateway import plugins, systemd
from gateway.cli import show
from gateway.cli.exits import Exit
from gateway.cli.room import shortage
from gateway.cli.serve import serve
from gateway.cli.state import InUse, default_state_dir
from gateway.config import ConfigError, Site, load
from gateway.outbox.disk.store import StoreError

STOP_MARGIN_S = 1.5
"""A stop that takes this much longer than its drain is cut: a hung disk or adapter must not hold the box."""

log = structlog.get_logger("fieldgate")


def main(argv: list[str]) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        site = load(arguments.config, plugins.catalog(), os.environ)
    except ConfigError as error:
        show.diagnostics(error.diagnostics)
        return Exit.CONFIG
    show.diagnostics(site.warnings)
    logging_setup.configure(site.log.level, site.log.format, site.secrets)
    state = arguments.state_dir or default_state_dir(os.environ)
    for warning in shortage(site, state):
        log.warning("disk too small", code=warning.code, reason=warning.message, at=str(warning.place))
    try:
        asyncio.run(_serve(site, state))
    except InUse as error:
        log.critical("can't start", reason=str(error))
        return Exit.USAGE
    except PermissionError as error:
        log.critical("can't start", reason=f"{error}; run as the user that owns it, or give --state-dir")
        return Exit.PERMISSION
    except (OSError, StoreError) as error:
        log.critical("can't start", reason=str(error))
        return Exit.INTERNAL
    except ExceptionGroup as group:
        log.critical("defect", exc_info=group)
        return Exit.INTERNAL
    return Exit.OK


async def _serve(site: Site, state: Path) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _begin_stop, stop, site.gateway.drain + STOP_MARGIN_S)
    await serve(site, state, stop)


def _begin_stop(stop: asyncio.Event, limit_s: float) -> None:
    if stop.is_set():
        return
    stop.set()
    systemd.notify(STOPPING=1)
    cut = threading.Timer(limit_s, _cut_short, (limit_s,))
    cut.daemon = True
    cut.start()


def _cut_short(limit_s: float) -> None:
    """What is committed is safe; what hangs would hang for ever."""
    print(f"stop took longer than {limit_s:g} s and was cut short", file=sys.stderr, flush=True)
    os._exit(Exit.INTERNAL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fieldgate run", description="Run the gateway.")
    parser.add_argument("-c", "--config", type=Path, default=Path("gateway.yaml"), metavar="FILE")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="outboxes, journal and lock")
    return parser
