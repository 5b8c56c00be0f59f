"""The way back of a command: its result to the far end, and its end in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from gateway.commands.journal import Journal
from gateway.endpoints.contract import Delivery
from gateway.intake import Intake
from gateway.model import Command, Result
from gateway.outbox.disk.store import StoreError, Unsettled
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox

RETRY_S = 5.0
"""Pause between attempts to end a command in a journal whose disk refuses."""

SETTLE_S = 0.5
"""How long a stop waits for the last ends to be stored."""

log = structlog.get_logger("fieldgate.commands")


class Answers:
    """Results of one endpoint's commands. `reply` sends a courtesy copy to where the sender asked for it."""

    def __init__(
        self,
        outbox: Outbox,
        journal: Journal,
        intake: Intake,
        reply: Callable[[str, bytes | None, bytes], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._outbox = outbox
        self._journal = journal
        self._intake = intake
        self._reply = reply
        self._now_ms = now_ms
        self._finishing: set[asyncio.Task[None]] = set()

    def answer(self, command: str | None, device: str, result: Result, delivery: Delivery) -> None:
        """A result that needs no end in the journal."""
        entry = self._intake.result(device, command, result)
        self._outbox.keep(entry)
        self._copy(entry.payload, delivery)

    def finish_later(self, command: Command, result: Result, delivery: Delivery) -> None:
        """`finish`, without waiting for it."""
        self._in_background(self._finish_contained(command, result, delivery))

    async def finish(self, command: str, device: str, result: Result, delivery: Delivery | None = None) -> None:
        """End a claimed command and send its result, both in one transaction.

        If the disk refuses, the result goes out all the same, and the journal is told when it can be.
        """
        entry = self._intake.result(device, command, result)
        stored = await self._store(command, result, entry)
        log.info("command", device=device, command=command, status=result.status.value, reason=result.reason)
        if delivery is not None:
            self._copy(entry.payload, delivery)
        if not stored:
            await self._end(command, result)

    def disown(self, command: str, result: Result) -> None:
        """End a command that is answered already, though its claim may get on disk only now."""
        self._in_background(self._end(command, result))

    async def settle(self) -> None:
        """Let what is being stored get there; a disk that refuses is not waited for."""
        if self._finishing:
            _, pending = await asyncio.wait(self._finishing, timeout=SETTLE_S)
            for task in pending:
                task.cancel()

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _end(self, command: str, result: Result) -> None:
        """In the journal alone, whenever the disk lets us."""
        stored = False
        while not stored:
            await asyncio.sleep(RETRY_S)
            stored = await self._store(command, result, None)

    async def _finish_contained(self, command: Command, result: Result, delivery: Delivery) -> None:
        try:
            await self.finish(command.id, command.device, result, delivery)
        except Exception:  # a defect on one command's way back must not go unseen, nor disturb others
            log.exception("defect", command=command.id)

    async def _store(self, command: str, result: Result, entry: Entry | None) -> bool:
        try:
            await self._journal.finish(command, result, self._now_ms(), entry)
        except StoreError as error:
            if entry is not None:
                log.error("end of a command not stored yet", command=command, error=str(error))
                keep = self._outbox.keep_unsettled if isinstance(error, Unsettled) else self._outbox.keep
                keep(entry)
            return False
        if entry is not None:
            self._outbox.adopt(entry)
        return True

    def _copy(self, payload: bytes, delivery: Delivery) -> None:
        if not delivery.reply_to:
            return
        try:
            self._reply(delivery.reply_to, delivery.correlation, payload)
        except Exception:  # a courtesy: the result itself is in the outbox
            log.exception("defect", device=delivery.device)
