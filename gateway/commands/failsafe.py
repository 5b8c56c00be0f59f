"""Values that are safe while nobody can command a device from afar: written when the uplink has been away for long."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial

import msgspec
import structlog

from gateway.model import FailSafeInfo, Result, ResultStatus

RETRY_S, RETRY_MAX_S = 10.0, 600.0
"""Pauses between attempts at a device that can't be written to: they double."""

NAME = "uplink-lost"
"""Begins the ids of these commands."""

log = structlog.get_logger("fieldgate.commands")


Away = dict[str, float | None]
"""By endpoint, since when (the loop's clock) it has been away; None while it is connected."""

Written = dict[str, FailSafeInfo]
"""By device, the fail-safe values that were written since its uplink was lost."""


class Presence:
    """Which endpoints are connected, and since when the others are not. `before` is what another one knew."""

    def __init__(self, endpoints: Iterable[str], before: Away | None = None) -> None:
        now_s = asyncio.get_running_loop().time()
        self.away: Away = {name: (before or {}).get(name) or now_s for name in endpoints}
        self._changed = asyncio.Event()

    def tell(self, endpoint: str, *, connected: bool) -> None:
        """It has come or gone."""
        if connected:
            self.away[endpoint] = None
        elif self.away[endpoint] is None:
            self.away[endpoint] = asyncio.get_running_loop().time()
        self._changed.set()
        self._changed = asyncio.Event()

    def away_since_s(self, endpoint: str | None) -> float | None:
        """Since when (the loop's clock) it has been away, None while it is not; without a name: all of them.

        One that is not at work here (`gateway.direct`) is not away either.
        """
        since = list(self.away.values()) if endpoint is None else [self.away.get(endpoint)]
        times = [each for each in since if each is not None]
        return max(times) if times and len(times) == len(since) else None

    async def change(self, timeout_s: float | None = None) -> None:
        """Return when one comes or goes, or after so long."""
        changed = self._changed
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await changed.wait()


Send = Callable[[bytes, str], Awaitable[Result]]
"""Carries a command (body, device) out and returns its result."""

Report = Callable[[str, str, Result], None]
"""Tells every endpoint the result of a command (device, id)."""


class FailSafe:
    """One device's. `run` is a name that makes its commands' ids differ from those of any other run."""

    def __init__(
        self,
        device: str,
        wanted: FailSafeInfo,
        presence: Presence,
        *,
        run: str,
        send: Send,
        report: Report,
        written: Written | None = None,
    ) -> None:
        """`written`: what was written before, and what this one writes."""
        self._device = device
        self._wanted = wanted
        self._presence = presence
        self._run = run
        self._send = send
        self._report = report
        self._written: Written = {} if written is None else written
        self._number = 0
        self._told: tuple[ResultStatus, str | None] | None = None

    async def run(self) -> None:
        """Until cancelled: once for each time that the uplink is lost for so long."""
        while True:
            if self._written.get(self._device) != self._wanted:
                await self._until_lost()
                log.warning("uplink lost for long: writing fail-safe values", device=self._device)
                await self._until_written()
            while self._is_lost():
                await self._presence.change()
            self._written.pop(self._device, None)

    def _is_lost(self) -> bool:
        return self._presence.away_since_s(self._wanted.endpoint) is not None

    async def _until_lost(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            since_s = self._presence.away_since_s(self._wanted.endpoint)
            rest_s = None if since_s is None else since_s + self._wanted.after_s - loop.time()
            if rest_s is not None and rest_s <= 0:
                return
            await self._presence.change(rest_s)

    async def _until_written(self) -> None:
        """Try for as long as the uplink is away; the first attempt is reported, then whatever differs from the last."""
        self._told = None
        pause_s = RETRY_S
        while self._is_lost():
            if (await self._write()).status is ResultStatus.DONE:
                return
            await self._rest(pause_s)
            pause_s = min(2 * pause_s, RETRY_MAX_S)

    async def _write(self) -> Result:
        """What is under way when this is cancelled is reported all the same."""
        self._number += 1
        command = f"{NAME}-{self._run}-{self._device}-{self._number}"  # one journal for all devices
        body = msgspec.json.encode({"id": command, "write": self._wanted.write})
        sending = asyncio.ensure_future(self._send(body, self._device))
        sending.add_done_callback(partial(self._tell, command))
        return await asyncio.shield(sending)

    def _tell(self, command: str, sending: asyncio.Future[Result]) -> None:
        if sending.cancelled():
            return
        result = sending.result()
        if (result.status, result.reason) != self._told:
            self._report(self._device, command, result)
        self._told = result.status, result.reason
        if result.status is ResultStatus.DONE:
            self._written[self._device] = self._wanted

    async def _rest(self, pause_s: float) -> None:
        loop = asyncio.get_running_loop()
        until_s = loop.time() + pause_s
        while self._is_lost() and (rest_s := until_s - loop.time()) > 0:
            await self._presence.change(rest_s)
