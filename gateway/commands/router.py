"""The way of a command: decode, policy, claim, acknowledge, queue, finish. One router per endpoint."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import structlog

from gateway.adapter import Rejected
from gateway.commands import policy
from gateway.commands.decode import Malformed, Request, decode, expiry_ms
from gateway.commands.journal import Journal
from gateway.endpoints.contract import Delivery
from gateway.intake import Intake
from gateway.link import FieldLink, Job
from gateway.model import Command, DeviceInfo, Result, ResultStatus
from gateway.outbox.outbox import Outbox
from gateway.outbox.store import StoreError
from gateway.repeats import Repeats

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
        self._outbox = outbox
        self._journal = journal
        self._intake = intake
        self._devices = devices
        self._links = links
        self._own = own
        self._rules = rules
        self._reply = reply
        self._wall_s = wall_s
        self._deliveries: deque[Delivery] = deque()
        self._arrived = asyncio.Event()
        self._repeats = Repeats()
        self._finishing: set[asyncio.Task[None]] = set()

    def offer(self, delivery: Delivery) -> None:
        """Take a delivery without waiting; the endpoint bounds how many there can be."""
        self._deliveries.append(delivery)
        self._arrived.set()

    async def run(self) -> None:
        """Answer what the last process left open, then route, until cancelled."""
        await self._answer_unfinished()
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._deliveries:
                await self._route(self._deliveries.popleft())

    async def _answer_unfinished(self) -> None:
        lost = Result(ResultStatus.UNKNOWN, detail="the gateway ended while it was under way; it is not repeated")
        try:
            for command, device in await self._journal.unfinished():
                await self._finish(command, device, lost, None)
        except StoreError as error:
            log.error("journal can't be read", outbox=self._outbox.name, error=str(error))

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
        known = await self._journal.find(request.id)
        if known is not None:
            self._repeat(request.id, known.device, known.result, delivery)
        elif not device:
            self._answer(request.id, "", self._for_gateway(request), delivery)
        else:
            await self._for_device(request, device, delivery)

    async def _for_device(self, request: Request, device: str, delivery: Delivery) -> None:
        info = self._devices.get(device)
        if info is None:
            raise Rejected("unknown-device", f"there is no device '{device}'")
        policy.check(request, info)
        ttl_s = self._ttl_s(request, delivery)
        if ttl_s <= 0:
            self._answer(request.id, device, Result(ResultStatus.EXPIRED, detail="it came too late"), delivery)
            return
        link = self._links[info.link]
        if link.is_full:
            raise Rejected("queue-full", f"too many commands wait for link {info.link}")
        deadline_s = asyncio.get_running_loop().time() + ttl_s
        await self._journal.claim(request.id, device, int(self._wall_s() * 1000))
        read = tuple(request.read) if request.read else None
        command = Command(request.id, device, deadline_s, request.write, read)
        job = Job(command, lambda result: self._finish_later(command, result, delivery))
        try:
            link.submit(job)
        except Rejected as error:
            job.finished(Result(ResultStatus.REJECTED, reason=error.reason, detail=error.detail))

    def _for_gateway(self, request: Request) -> Result:
        action = self._own.get(request.invoke or "")
        if action is None:
            raise Rejected("unknown-command", f"the gateway itself knows only {', '.join(sorted(self._own))}")
        return action()

    def _ttl_s(self, request: Request, delivery: Delivery) -> float:
        """The shortest of all that bounds this command."""
        bounds = [] if delivery.expires_in_s is None else [delivery.expires_in_s]
        expires_ms = expiry_ms(request)
        if expires_ms is not None:
            bounds.append(expires_ms / 1000 - self._wall_s())
        if not bounds and self._rules.needs_expiry:
            raise Rejected("no-expiry", "the broker keeps commands while we are away, so each must carry its expiry")
        return min([self._rules.default_ttl_s, *bounds])

    def _repeat(self, command: str, device: str, result: Result | None, delivery: Delivery) -> None:
        """The same id again: the stored result again, nothing executed; under way, its result will come."""
        if result is not None:
            self._answer(command, device, result, delivery)

    def _refuse(self, delivery: Delivery, command: str | None, error: Rejected) -> None:
        self.counters["refused"] += 1
        untold = self._repeats.tell((delivery.device, error.reason), asyncio.get_running_loop().time())
        if untold is not None:
            log.warning(
                "command refused",
                device=delivery.device or None,
                command=command,
                reason=error.reason,
                detail=error.detail,
                repeated=untold or None,
            )
        if command is None and delivery.device not in self._devices:
            self.counters["unreadable"] += 1
            return
        result = Result(ResultStatus.REJECTED, reason=error.reason, detail=error.detail)
        self._answer(command, delivery.device, result, delivery)

    def _answer(self, command: str | None, device: str, result: Result, delivery: Delivery) -> None:
        """A result that needs no end in the journal."""
        entry = self._intake.result(device, command, result)
        self._outbox.keep(entry)
        self._copy(entry.payload, delivery)

    def _finish_later(self, command: Command, result: Result, delivery: Delivery) -> None:
        task = asyncio.ensure_future(self._finish(command.id, command.device, result, delivery))
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    async def _finish(self, command: str, device: str, result: Result, delivery: Delivery | None) -> None:
        entry = self._intake.result(device, command, result)
        try:
            await self._journal.finish(command, result, int(self._wall_s() * 1000), entry)
            self._outbox.adopt(entry)
        except StoreError as error:
            log.error("end of a command not stored", command=command, error=str(error))
            self._outbox.keep(entry)
        except Exception:  # the answer is worth more than its place in the journal
            log.exception("defect", command=command)
            self._outbox.keep(entry)
        log.info("command", device=device, command=command, status=result.status.value, reason=result.reason)
        if delivery is not None:
            self._copy(entry.payload, delivery)

    def _copy(self, payload: bytes, delivery: Delivery) -> None:
        if not delivery.reply_to:
            return
        try:
            self._reply(delivery.reply_to, delivery.correlation, payload)
        except Exception:  # a courtesy: the result itself is in the outbox
            log.exception("defect", device=delivery.device)
