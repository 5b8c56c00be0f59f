"""`fieldgate run`: the daemon. Imports neither typer nor rich."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from pathlib import Path

import structlog

from gateway import log as logging_setup
from gateway import plugins
from gateway.cli import show
from gateway.cli.course import Course
from gateway.cli.descriptors import raise_limit
from gateway.cli.exits import Exit
from gateway.cli.known import Known
from gateway.cli.room import shortage
from gateway.cli.serve import serve
from gateway.cli.state import InUse, default_state_dir
from gateway.config import ConfigError, load
from gateway.model import Result
from gateway.outbox.disk.store import StoreError

log = structlog.get_logger("fieldgate")


def main(argv: list[str]) -> int:
    """Run until SIGTERM or SIGINT; returns the exit code."""
    arguments = _parser().parse_args(argv)
    state = arguments.state_dir or default_state_dir(os.environ)
    known = Known(state)
    try:
        site = load(arguments.config, plugins.catalog(), os.environ, known)
    except ConfigError as error:
        show.diagnostics(error.diagnostics)
        return Exit.CONFIG
    show.diagnostics(site.warnings)
    logging_setup.configure(site.log.level, site.log.format, site.secrets)
    for warning in shortage(site, state):
        log.warning("disk too small", code=warning.code, reason=warning.message, at=str(warning.place))
    if (too_few := raise_limit(site)) is not None:
        log.error("too few open files allowed: some links will stay down", reason=too_few)
    try:
        asyncio.run(_serve(Course(arguments.config, site, known), state))
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


async def _serve(course: Course, state: Path) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, course.stop)
    reloads = set[asyncio.Task[Result]]()

    def reload() -> None:
        task = loop.create_task(course.reload(), name="reload")
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    loop.add_signal_handler(signal.SIGHUP, reload)
    await serve(course, state)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fieldgate run", description="Run the gateway.")
    parser.add_argument("-c", "--config", type=Path, default=Path("gateway.yaml"), metavar="FILE")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="outboxes, journal and lock")
    return parser
