"""The way back of a command: its result to whoever sent it, its end in the journal, its record in the audit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from gateway.commands.audit import Asked, Audit, Record
from gateway.commands.journal import Journal
from gateway.commands.voice import Voice
from gateway.endpoints.contract import Delivery
from gateway.endpoints.payload import iso_ms
from gateway.model import Result, ResultStatus
from gateway.outbox.disk.store import StoreError, Unsettled
from gateway.outbox.entry import Entry

RETRY_S = 5.0
"""Pause between attempts to end a command in a journal whose disk refuses."""

SETTLE_S = 0.5
"""How long a stop waits for the last ends to be stored."""

WIRE_REQUESTS = 100
"""Requests of one command that its record shows."""

NOT_DONE = frozenset({ResultStatus.REJECTED, ResultStatus.EXPIRED})
"""Ends that have not touched the device, and count for no rate after a restart."""

DEFECT = "defect"
"""Why nobody knows what came of a command whose result has no JSON: an adapter may be a stranger's."""

MAX_REPEATS = 10
"""Of one command that is under way: how many more of its senders are told its end."""

log = structlog.get_logger("fieldgate.commands")


class Case(Struct):
    """One claimed command: what was asked, who is to be told, what went on the wire. `at_s`: when it arrived."""

    command: str
    device: str
    asked: Asked
    deliveries: list[Delivery] = []
    wire: list[bytes] = []
    at_s: float | None = None


class Answers:
    """Results of one origin's commands. `now_ms()` is the journal's clock, `wall_ms()` the system's."""

    def __init__(
        self,
        voice: Voice,
        journal: Journal,
        audit: Audit,
        *,
        now_ms: Callable[[], int],
        wall_ms: Callable[[], int],
    ) -> None:
        self._voice = voice
        self._journal = journal
        self._audit = audit
        self._now_ms = now_ms
        self._wall_ms = wall_ms
        self._open: dict[str, Case] = {}
        self._finishing: set[asyncio.Task[None]] = set()

    def answer(self, command: str | None, device: str, result: Result, delivery: Delivery) -> None:
        """A result that needs no end in the journal."""
        entry = self._voice.compose(device, command, result)
        if entry is not None:
            self._voice.keep(entry)
        self._voice.copy(entry, command, result, delivery)

    def refuse(self, command: str | None, asked: Asked, device: str, result: Result, delivery: Delivery) -> None:
        """The same, for the audit too."""
        self._audit.refused(self._record(Case(command or "", device, asked), result))
        self.answer(command, device, result, delivery)

    @property
    def is_flooded(self) -> bool:
        """Whether so many wait to be told that there should be no more."""
        return self._voice.is_flooded

    async def room(self) -> None:
        """Return once so few wait that there may be more."""
        await self._voice.room()

    def tell(self, command: str | None, result: Result, delivery: Delivery) -> None:
        """What nobody but one who waits for it needs to know."""
        self._voice.copy(None, command, result, delivery)

    def open(self, case: Case) -> None:
        """From now on it is under way."""
        self._open[case.command] = case

    def is_open(self, command: str) -> bool:
        """Whether it is under way here."""
        return command in self._open

    def tell_too(self, command: str, delivery: Delivery) -> bool:
        """Let another one who has sent what is under way hear of its end, too; False if too many have."""
        deliveries = self._open[command].deliveries
        if len(deliveries) > MAX_REPEATS:
            return False
        deliveries.append(delivery)
        return True

    def withdraw(self, case: Case) -> None:
        """It was not claimed after all."""
        self._open.pop(case.command, None)

    def finish_later(self, case: Case, result: Result) -> None:
        """`finish`, without waiting for it."""
        self._in_background(self._finish_contained(case, result))

    async def finish(self, case: Case, result: Result) -> None:
        """End a claimed command: first the record of it, then its end and its result, both in one transaction.

        If the disk refuses, the result goes out all the same, and the journal is told when it can be. Raises what a
        result does that has no JSON, and then has recorded nothing.
        """
        msgspec.json.encode(result)
        await self._audit.write(self._record(case, result))
        entry = self._voice.compose(case.device, case.command, result)
        stored = await self._store(case.command, result, entry)
        self._open.pop(case.command, None)
        log.info(
            "command",
            device=case.device or None,
            command=case.command,
            origin=case.asked.origin,
            endpoint=case.asked.endpoint,
            user=case.asked.user,
            status=result.status.value,
            reason=result.reason,
        )
        for delivery in case.deliveries:
            self._voice.copy(entry, case.command, result, delivery)
        if not stored:
            await self._end(case.command, result)

    def disown(self, command: str, result: Result) -> None:
        """End a command that is answered already, though its claim may get on disk only now."""
        self._in_background(self._end(command, result))

    async def settle(self) -> None:
        """Let what is being stored get there; a disk that refuses is not waited for."""
        if self._finishing:
            _, pending = await asyncio.wait(self._finishing, timeout=SETTLE_S)
            for task in pending:
                task.cancel()

    def _record(self, case: Case, result: Result) -> Record:
        now_s = asyncio.get_running_loop().time()
        latency_ms = round((now_s - case.at_s) * 1000, 3) if case.at_s is not None else None
        return Record(
            time=iso_ms(self._wall_ms()),
            origin=case.asked.origin,
            endpoint=case.asked.endpoint,
            kind=case.asked.kind,
            device=case.device,
            status=result.status.value,
            command=case.command or None,
            user=case.asked.user,
            asked=case.asked.asked,
            old=case.asked.old,
            counts=case.asked.counts if result.status not in NOT_DONE else (),
            wire=[request.hex() for request in case.wire[:WIRE_REQUESTS]],
            reason=result.reason,
            rule=result.rule,
            detail=result.detail,
            values=result.values,
            bad=result.bad,
            latency_ms=latency_ms,
        )

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _end(self, command: str, result: Result) -> None:
        """In the journal alone, whenever the disk lets us; not of a command that was claimed anew meanwhile."""
        stored = False
        while not stored:
            await asyncio.sleep(RETRY_S)
            stored = self.is_open(command) or await self._store(command, result, None)

    async def _finish_contained(self, case: Case, result: Result) -> None:
        try:
            await self.finish(case, result)
        except Exception as error:  # a defect on one command's way back must not go unseen, nor disturb others
            log.exception("defect", command=case.command)
            if result.reason != DEFECT:
                detail = f"what came of it can't be told: {type(error).__name__}: {error}"
                await self._finish_contained(case, Result(ResultStatus.UNKNOWN, reason=DEFECT, detail=detail))

    async def _store(self, command: str, result: Result, entry: Entry | None) -> bool:
        try:
            await self._journal.finish(command, result, self._now_ms(), entry)
        except StoreError as error:
            log.error("end of a command not stored yet", command=command, error=str(error))
            if entry is not None:
                self._voice.keep(entry, unsettled=isinstance(error, Unsettled))
            return False
        if entry is not None:
            self._voice.adopt(entry)
        return True
