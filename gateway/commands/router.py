"""The way of a command: decode, policy, claim, acknowledge, queue, finish. One router for each origin of commands."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable

import structlog

from gateway.adapter import IDENTIFIER, Rejected
from gateway.commands.admission import Admission, Admitted, TooLate, device_of
from gateway.commands.answers import SETTLE_S, Answers, Case
from gateway.commands.decode import Malformed, Request, decode, id_of
from gateway.commands.guard import Unconfirmed
from gateway.commands.journal import Journal, Known
from gateway.endpoints.contract import Delivery
from gateway.jobs import STOPPING, Job
from gateway.model import Result, ResultStatus
from gateway.outbox.disk.store import StoreError, Unsettled
from gateway.repeats import Repeats

MAX_WAITING = 100
"""Deliveries that may wait to be looked at: an endpoint bounds those it can be told to, QoS 0 knows no bound."""

DETAIL_CHARS = 200
"""Of a refusal's sentence in the log: it may hold what a stranger wrote."""

NAME = re.compile(IDENTIFIER)
"""What a device can be called."""

TOO_MANY = Result(ResultStatus.REJECTED, reason="queue-full", detail="too many results wait to be told")

TOO_LATE = Result(ResultStatus.EXPIRED, detail="it came too late")

log = structlog.get_logger("fieldgate.commands")


class Router:
    """Takes deliveries in the order of receipt; every command it can read is answered."""

    def __init__(
        self, origin: str, admission: Admission, journal: Journal, answers: Answers, now_ms: Callable[[], int]
    ) -> None:
        """`now_ms`: the journal's clock."""
        self.counters = {"accepted": 0, "refused": 0, "unreadable": 0, "unanswered": 0}
        self._origin = origin
        self._admission = admission
        self._journal = journal
        self._answers = answers
        self._now_ms = now_ms
        self._deliveries: deque[tuple[Delivery, float]] = deque()
        self._arrived = asyncio.Event()
        self._repeats = Repeats()
        self._is_over = False

    def offer(self, delivery: Delivery) -> None:
        """Take a delivery without waiting, or refuse it when too many wait; of too many refusals none is told."""
        if self._is_over:
            self._refuse(delivery, None, id_of(delivery.payload), _stopping())
            self._accept(delivery)
        elif len(self._deliveries) < MAX_WAITING:
            self._deliveries.append((delivery, asyncio.get_running_loop().time()))
            self._arrived.set()
        elif self._answers.is_flooded:
            self.counters["unanswered"] += 1
            self._answers.tell(None, TOO_MANY, delivery)
            self._accept(delivery)
        else:
            error = Rejected("queue-full", f"{MAX_WAITING} commands wait to be looked at")
            self._refuse(delivery, None, id_of(delivery.payload), error)
            self._accept(delivery)

    async def run(self) -> None:
        """Answer what the last process left open, then route, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._admission.hold.run(), name=f"hold:{self._origin}")
            await self._answer_unfinished()
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._deliveries:
                    await self._answers.room()
                    await self._route(*self._deliveries.popleft())

    async def settle(self) -> None:
        """At the stop, once nothing is routed any more: answer the rest, and let the last ends be stored."""
        self._is_over = True
        await self._admission.own.end()
        until_s = asyncio.get_running_loop().time() + SETTLE_S
        while self._deliveries:
            delivery, _ = self._deliveries.popleft()
            await self._stop(delivery, until_s)
            self._accept(delivery)
        await self._answers.settle()

    async def _answer_unfinished(self) -> None:
        lost = Result(ResultStatus.UNKNOWN, detail="the gateway ended while it was under way; it is not repeated")
        try:
            for command, device, asked in await self._journal.unfinished():
                case = Case(command, device, asked)
                self._answers.open(case)
                self._answers.finish_later(case, lost)  # else a disk that refuses would keep all others waiting
        except StoreError as error:
            log.error("journal can't be read", origin=self._origin, error=str(error))

    async def _route(self, delivery: Delivery, came_s: float) -> None:
        request: Request | None = None
        try:
            request = decode(delivery.payload)
            await self._admit(request, delivery, came_s)
            self.counters["accepted"] += 1
        except Malformed as error:
            self._refuse(delivery, None, error.command, Rejected("malformed", str(error)))
        except Rejected as error:
            self._refuse(delivery, request, None, error)
        except StoreError as error:
            self._refuse(delivery, request, None, Rejected("storage", str(error)))
        except Exception:  # one hostile command must not end the routing of all others
            log.exception("defect", device=delivery.device)
        self._accept(delivery)

    def _accept(self, delivery: Delivery) -> None:
        try:
            delivery.accept()
        except Exception:  # an endpoint's defect costs a second delivery of the same command
            log.exception("defect", device=delivery.device)

    async def _admit(self, request: Request, delivery: Delivery, came_s: float) -> None:
        """Raises Rejected, or leaves the command answered or in its link's queue."""
        self._admission.check_delivery(delivery, request)
        known = await self._find(request, delivery, came_s)
        if known is not None:
            self._repeat(request.id, known, delivery)
            return
        try:
            admitted = self._admission.admit(request, delivery, came_s)
        except TooLate:
            asked, device = self._admission.asked(request, delivery), device_of(request, delivery)
            self._answers.refuse(request.id, asked, device, TOO_LATE, delivery)
        else:
            await self._begin(admitted, delivery, came_s)

    async def _find(self, request: Request, delivery: Delivery, came_s: float) -> Known | None:
        try:
            return await self._journal.find(request.id)
        except asyncio.CancelledError:
            self._deliveries.appendleft((delivery, came_s))
            raise

    async def _begin(self, admitted: Admitted, delivery: Delivery, came_s: float) -> None:
        """Claim and queue it; raises StoreError."""
        command, permit = admitted.command, admitted.permit
        case = Case(command.id, command.device, admitted.asked, [delivery], at_s=came_s)
        try:
            await self._claim(case)
        except BaseException:
            admitted.take_back()
            raise
        job = Job(
            command,
            lambda result: self._answers.finish_later(case, result),
            permit.interlocks,
            permit.parts,
            settling=permit.settling,
        )
        case.wire = job.wire
        try:
            admitted.link.submit(job)
        except Rejected as error:
            admitted.take_back()
            job.finished(_refusal(error))

    async def _claim(self, case: Case) -> None:
        """A claim that gets on disk though nobody waits for it any more is ended there."""
        self._answers.open(case)
        try:
            await self._journal.claim(case.command, case.device, self._now_ms(), case.asked)
        except Unsettled as error:
            self._answers.withdraw(case)
            self._answers.disown(case.command, Result(ResultStatus.REJECTED, reason="storage", detail=str(error)))
            raise
        except StoreError:
            self._answers.withdraw(case)
            raise
        except asyncio.CancelledError:
            self._answers.finish_later(case, STOPPING)
            raise

    def _repeat(self, command: str, known: Known, delivery: Delivery) -> None:
        """The same id again: the stored result again, nothing executed; under way, its result will come."""
        if known.result is not None:
            self._answers.answer(command, known.device, known.result, delivery)
        elif not self._answers.is_open(command):
            raise Rejected("storage", "what came of this command is not stored yet: ask again later")
        elif not self._answers.tell_too(command, delivery):
            raise Rejected("queue-full", "too many have sent this command again while it is under way")

    async def _stop(self, delivery: Delivery, until_s: float) -> None:
        """It will not be claimed any more; if it was before, it is told what came of it."""
        command = id_of(delivery.payload)
        try:
            async with asyncio.timeout_at(until_s):
                known = await self._journal.find(command) if command is not None else None
            if command is not None and known is not None:
                self._repeat(command, known, delivery)
            else:
                self._refuse(delivery, None, command, _stopping())
        except Rejected as error:
            self._refuse(delivery, None, command, error)
        except (StoreError, TimeoutError):
            self._refuse(
                delivery, None, command, Rejected("storage", "the gateway stops, and its disk does not answer")
            )

    def _refuse(self, delivery: Delivery, request: Request | None, command: str | None, error: Rejected) -> None:
        """Answered where the device can be told; names that nobody could have configured are only counted.

        What is under way is not refused: it may have happened, and whoever has sent it again is told its end.
        """
        command, device = (request.id if request is not None else command), device_of(request, delivery)
        if command is not None and self._answers.is_open(command) and self._answers.tell_too(command, delivery):
            return
        self.counters["refused"] += 1
        known = self._admission.knows(device)
        self._log_refusal(device if known else "", command, error)
        if not known and (command is None or (device and not NAME.fullmatch(device))):
            self.counters["unreadable"] += 1
            self._answers.tell(command, _refusal(error), delivery)
        else:
            asked = self._admission.asked(request, delivery)
            self._answers.refuse(command, asked, device, _refusal(error), delivery)

    def _log_refusal(self, device: str, command: str | None, error: Rejected) -> None:
        untold = self._repeats.tell((device, error.reason), asyncio.get_running_loop().time())
        if untold is not None:
            log.warning(
                "command refused",
                device=device or None,
                command=command,
                reason=error.reason,
                rule=error.rule,
                detail=error.detail[:DETAIL_CHARS],
                repeated=untold or None,
            )


def _stopping() -> Rejected:
    return Rejected(STOPPING.reason or "", STOPPING.detail or "")


def _refusal(error: Rejected) -> Result:
    token = error.token if isinstance(error, Unconfirmed) else None
    return Result(ResultStatus.REJECTED, reason=error.reason, detail=error.detail, rule=error.rule, confirm=token)
