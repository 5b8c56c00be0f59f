"""What the daemon serves, until it is told to stop or to begin anew with another configuration."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from pathlib import Path

import structlog

from gateway import log as logging_setup
from gateway import plugins, systemd
from gateway.cli.exits import Exit
from gateway.cli.known import Known
from gateway.config import ConfigError, Site, load
from gateway.desk import Kept
from gateway.model import Result, ResultStatus

END_MARGIN_S = 1.5
"""An end that takes this much longer than its drain is cut: a hung disk or adapter must not hold the box."""

SHOWN = 3
"""Errors of a configuration that the answer to a reload names; the log has all."""

log = structlog.get_logger("fieldgate")


class Course:
    """`leave` is set when what is at work must end: for good (`is_over`), or to make room for the next site."""

    def __init__(self, path: Path, site: Site, known: Known) -> None:
        self.site = site
        self.is_over = False
        self.kept = Kept()
        self.leave = asyncio.Event()
        self._path = path
        self._known = known
        self._next: Site | None = None
        self._cut: threading.Timer | None = None

    @property
    def farewell(self) -> str:
        """Why the gateway is offline now."""
        return "stopped" if self.is_over else "reloading"

    def begin(self) -> None:
        """A turn begins, with the configuration that was read last."""
        if self._next is not None:
            self.site, self._next = self._next, None
            logging_setup.configure(self.site.log.level, self.site.log.format, self.site.secrets)
        if self._cut is not None and not self.is_over:
            self._cut.cancel()
            self._cut = None
        if not self.is_over:
            self.leave = asyncio.Event()

    def stop(self) -> None:
        """For good."""
        if not self.is_over:
            self.is_over = True
            systemd.notify(STOPPING=1)
            self._end()

    async def reload(self) -> Result:
        """Read the configuration again, and begin anew with it if it has no errors."""
        try:
            site = await asyncio.to_thread(load, self._path, plugins.catalog(), os.environ, self._known)
        except ConfigError as error:
            for each in error.diagnostics:
                log.error("configuration not reloaded", code=each.code, reason=each.message, at=str(each.place))
            told = "; ".join(f"{each.place}: {each.message}" for each in error.diagnostics[:SHOWN])
            return Result(ResultStatus.FAILED, reason="configuration", detail=f"nothing is changed: {told}")
        if not self.is_over:
            for warning in site.warnings:
                log.warning("configuration", code=warning.code, reason=warning.message, at=str(warning.place))
            log.info("configuration reloaded", config=site.config_hash, was=self.site.config_hash)
            systemd.notify(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)
            self._next = site
            self._end()
        return Result(ResultStatus.DONE, detail=f"configuration {site.config_hash}")

    async def reread(self) -> Site | None:
        """What is at work, with the secrets of now; None, and logged why, if more than those has changed."""
        try:
            site = await asyncio.to_thread(load, self._path, plugins.catalog(), os.environ, self._known)
        except ConfigError as error:
            for each in error.diagnostics:
                log.error("changed secrets not used", code=each.code, reason=each.message, at=str(each.place))
            return None
        if site.config_hash != self.site.config_hash:
            log.warning("changed secrets not used", reason="the configuration has changed, too: reload it to use both")
            return None
        logging_setup.hide(site.secrets)
        self.site = site
        return site

    def renew(self) -> None:
        """Begin anew with the configuration that is at work: what stands in its file by now is nobody's order yet."""
        if not self.leave.is_set():
            systemd.notify(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)
            self._next = self.site
            self._end()

    def _end(self) -> None:
        """Of this turn, within a limit."""
        limit_s = self.site.gateway.drain + END_MARGIN_S
        self.leave.set()
        if self._cut is None:
            self._cut = threading.Timer(limit_s, _cut_short, (limit_s,))
            self._cut.daemon = True
            self._cut.start()


def _cut_short(limit_s: float) -> None:
    """What is committed is safe; what hangs would hang for ever."""
    message = f"the end took longer than {limit_s:g} s and was cut short\n"
    os.write(2, message.encode())
    os._exit(Exit.INTERNAL)
