"""The way of a command: decode, policy, claim, acknowledge, queue, finish. One router per endpoint."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from gateway.adapter import IDENTIFIER, Rejected
from gateway.commands import policy
from gateway.commands.answers import Answers
from gateway.commands.decode import Malformed, Request, decode, expiry_ms, id_of
from gateway.commands.hold import Hold
from gateway.commands.journal import Journal, Known
from gateway.endpoints.contract import Delivery
from gateway.intake import Intake
from gateway.link import STOPPING, FieldLink, Job
from gateway.model import Command, DeviceInfo, Result, ResultStatus
from gateway.outbox.disk.store import StoreError, Unsettled
from gateway.outbox.outbox import Outbox
from gateway.repeats import Repeats

MAX_WAITING = 100
"""Deliveries that may wait to be looked at: an endpoint bounds those it can be told to, QoS 0 knows no bound."""

DETAIL_CHARS = 200
"""Of a refusal's sentence in the log: it may hold what a stranger wrote."""

NAME = re.compile(IDENTIFIER)
"""What a device can be called."""

TOO_LATE = Result(ResultStatus.EXPIRED, detail="it came too late")

log = structlog.get_logger("fieldgate.commands")


class Rules(NamedTuple):
    """What the configuration says about commands from this endpoint."""

    default_ttl_s: float
    needs_expiry: bool
    allowed: bool


class Router:
    """Takes deliveries in the order of receipt; every command it can read is answered."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        journal: Journal,
        intake: Intake,
        devices: Mapping[str, DeviceInfo],
        links: Mapping[str, FieldLink],
        own: Mapping[str, Callable[[], Result]],
        rules: Rules,
        reply: Callable[[str, bytes | None, bytes], None],
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self.counters = {"accepted": 0, "refused": 0, "unreadable": 0}
        self._name = outbox.name
        self._journal = journal
        self._answers = Answers(outbox, journal, intake, reply, lambda: int(wall_s() * 1000))
        self._devices = devices
        self._links = links
        self._own = own
        self._rules = rules
        self._hold = Hold(outbox.store, rules.default_ttl_s)
        self._wall_s = wall_s
        self._deliveries: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._repeats = Repeats()

    def offer(self, delivery: Delivery) -> None:
        """Take a delivery without waiting, or refuse it when too many wait."""
        if len(self._deliveries) < MAX_WAITING:
            self._deliveries.append(delivery)
            self._arrived.set()
        else:
            error = Rejected("queue-full", f"{MAX_WAITING} commands wait to be looked at")
            self._refuse(delivery, id_of(delivery.payload), error)
            self._accept(delivery)

    async def run(self) -> None:
        """Answer what the last process left open, then route, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hold.run(), name=f"hold:{self._name}")
            await self._answer_unfinished()
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                while self._deliveries:
                    await self._route(self._deliveries.popleft())

    async def settle(self) -> None:
        """At the stop, once nothing is routed any more: let the last ends be stored."""
        await self._answers.settle()

    async def _answer_unfinished(self) -> None:
        lost = Result(ResultStatus.UNKNOWN, detail="the gateway ended while it was under way; it is not repeated")
        try:
            for command, device in await self._journal.unfinished():
                await self._answers.finish(command, device, lost)
        except StoreError as error:
            log.error("journal can't be read", outbox=self._name, error=str(error))

    async def _route(self, delivery: Delivery) -> None:
        request: Request | None = None
        try:
            request = decode(delivery.payload)
            await self._admit(request, delivery)
            self.counters["accepted"] += 1
        except Malformed as error:
            self._refuse(delivery, error.command, Rejected("malformed", str(error)))
        except Rejected as error:
            self._refuse(delivery, request.id if request else None, error)
        except StoreError as error:
            self._refuse(delivery, request.id if request else None, Rejected("storage", str(error)))
        except Exception:  # one hostile command must not end the routing of all others
            log.exception("defect", device=delivery.device)
        self._accept(delivery)

    def _accept(self, delivery: Delivery) -> None:
        try:
            delivery.accept()
        except Exception:  # an endpoint's defect costs a second delivery of the same command
            log.exception("defect", device=delivery.device)

    async def _admit(self, request: Request, delivery: Delivery) -> None:
        """Raises Rejected, or leaves the command answered or in its link's queue."""
        if delivery.retained:
            raise Rejected("retained", "a retained command may be old: publish it without the retain flag")
        if not self._rules.allowed:
            raise Rejected("policy", "commands from this endpoint are switched off (commands: false)")
        device = delivery.device or request.device or ""
        if request.device not in (None, device):
            raise Rejected("malformed", f"it came to {device}, but names another device")
        known = await self._journal.find(request.id)
        if known is not None:
            self._repeat(request.id, known, delivery)
        elif device:
            await self._for_device(request, device, delivery)
        elif self._ttl_s(request, delivery) <= 0:
            self._answers.answer(request.id, "", TOO_LATE, delivery)
        else:
            self._answers.answer(request.id, "", self._for_gateway(request), delivery)

    async def _for_device(self, request: Request, device: str, delivery: Delivery) -> None:
        info = self._devices.get(device)
        if info is None:
            raise Rejected("unknown-device", f"there is no device '{device}'")
        policy.check(request, info)
        ttl_s = self._ttl_s(request, delivery)
        if ttl_s <= 0:
            self._answers.answer(request.id, device, TOO_LATE, delivery)
            return
        if request.read is None:
            self._hold.check()
        link = self._links[info.link]
        if link.is_full:
            raise Rejected("queue-full", f"too many commands wait for link {info.link}")
        deadline_s = asyncio.get_running_loop().time() + ttl_s
        read = tuple(request.read) if request.read else None
        command = Command(request.id, device, deadline_s, request.write, read)
        await self._claim(command, delivery)
        job = Job(command, lambda result: self._answers.finish_later(command, result, delivery))
        try:
            link.submit(job)
        except Rejected as error:
            job.finished(Result(ResultStatus.REJECTED, reason=error.reason, detail=error.detail))

    async def _claim(self, command: Command, delivery: Delivery) -> None:
        """A claim that gets on disk though nobody waits for it any more is ended there."""
        try:
            await self._journal.claim(command.id, command.device, int(self._wall_s() * 1000))
        except Unsettled as error:
            self._answers.disown(command.id, Result(ResultStatus.REJECTED, reason="storage", detail=str(error)))
            raise
        except asyncio.CancelledError:
            self._answers.finish_later(command, STOPPING, delivery)
            raise

    def _for_gateway(self, request: Request) -> Result:
        action = self._own.get(request.invoke or "")
        if action is None:
            raise Rejected("unknown-command", f"the gateway itself knows only {', '.join(sorted(self._own))}")
        return action()

    def _ttl_s(self, request: Request, delivery: Delivery) -> float:
        """How long this command may still be executed: the shortest of what its sender says, else the default."""
        bounds = [] if delivery.expires_in_s is None else [delivery.expires_in_s]
        expires_ms = expiry_ms(request)
        if expires_ms is not None:
            bounds.append(expires_ms / 1000 - self._wall_s())
        if not bounds and self._rules.needs_expiry:
            raise Rejected("no-expiry", "the broker keeps commands while we are away, so each must carry its expiry")
        return min(bounds, default=self._rules.default_ttl_s)

    def _repeat(self, command: str, known: Known, delivery: Delivery) -> None:
        """The same id again: the stored result again, nothing executed; under way, its result will come."""
        if known.result is not None:
            self._answers.answer(command, known.device, known.result, delivery)

    def _refuse(self, delivery: Delivery, command: str | None, error: Rejected) -> None:
        """Answered where the device can be told; names that nobody could have configured are only counted."""
        self.counters["refused"] += 1
        known = delivery.device in self._devices
        self._log_refusal(delivery.device if known else "", command, error)
        if not known and (command is None or (delivery.device and not NAME.fullmatch(delivery.device))):
            self.counters["unreadable"] += 1
            return
        result = Result(ResultStatus.REJECTED, reason=error.reason, detail=error.detail)
        self._answers.answer(command, delivery.device, result, delivery)

    def _log_refusal(self, device: str, command: str | None, error: Rejected) -> None:
        untold = self._repeats.tell((device, error.reason), asyncio.get_running_loop().time())
        if untold is not None:
            log.warning(
                "command refused",
                device=device or None,
                command=command,
                reason=error.reason,
                detail=error.detail[:DETAIL_CHARS],
                repeated=untold or None,
            )
