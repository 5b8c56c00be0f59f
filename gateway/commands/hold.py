"""Commands after the journal was lost: nothing is moved until what was sent before can't come again."""

from __future__ import annotations

import asyncio

import structlog

from gateway.adapter import Rejected
from gateway.outbox.disk.store import Store, StoreError
from gateway.outbox.schedule import RETRY_MAX_S

MIN_HOLD_S = 600.0
"""A broker or a sender that repeats a command does so within minutes."""

log = structlog.get_logger("fieldgate.commands")


class Hold:
    """Begins anew in full with each start, since nothing tells how long the last one was down, until one has passed."""

    def __init__(self, store: Store, default_ttl_s: float) -> None:
        self._store = store
        self._hold_s = max(default_ttl_s, MIN_HOLD_S)

    def check(self) -> None:
        """Raises Rejected while a command that was executed before might be executed again."""
        rest_s = self._rest_s()
        if rest_s > 0:
            sentence = (
                f"what was executed before is not known any more; commands that write are taken in {rest_s:.0f} s"
            )
            raise Rejected("journal-lost", sentence)

    async def run(self) -> None:
        """Note on disk when it has passed, until cancelled."""
        while True:
            await self._store.file.journal_went.wait()
            rest_s = self._rest_s()
            log.warning("commands that write are refused", reason="journal-lost", for_s=round(rest_s))
            await asyncio.sleep(rest_s)
            if self._rest_s() <= 0:
                await self._end()

    async def _end(self) -> None:
        while True:
            try:
                await self._store.write([("UPDATE meta SET value = 0 WHERE key = 'journal_lost'", [()])])
            except StoreError:
                await asyncio.sleep(RETRY_MAX_S)
            else:
                self._store.file.forget_journal()
                log.info("commands that write are taken again")
                return

    def _rest_s(self) -> float:
        since_s = self._store.file.journal_lost_s
        return 0.0 if since_s is None else max(0.0, since_s + self._hold_s - asyncio.get_running_loop().time())
