"""Whether a command may be carried out, and how long: everything that is decided before it is claimed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

from gateway.adapter import Rejected
from gateway.commands import policy
from gateway.commands.audit import Asked
from gateway.commands.decode import Request, expiry_ms, kind_of
from gateway.commands.guard import Guard, rates
from gateway.commands.hold import Hold
from gateway.commands.own import OwnCommands
from gateway.commands.policy import Permit
from gateway.commands.voice import LocalDelivery
from gateway.endpoints.contract import Delivery
from gateway.jobs import Job
from gateway.latest import Latest
from gateway.model import Command, DeviceInfo, Value

HARMLESS = frozenset({"ping", "republish-birth"})
"""What the gateway does for anybody, also where commands are switched off for all; at the box it scans, too."""


class Link(Protocol):
    """Where a command waits for its turn."""

    @property
    def is_full(self) -> bool:
        """Whether `submit` would refuse."""

    def submit(self, job: Job) -> None:
        """Queue it; raises Rejected when too many wait."""


class Plant(NamedTuple):
    """What commands may reach, the same for all origins. `is_synced()`: whether the wall clock can be believed."""

    devices: Mapping[str, DeviceInfo]
    links: Mapping[str, Link]
    guard: Guard
    latest: Latest
    is_synced: Callable[[], bool]


class Rules(NamedTuple):
    """What the configuration says about commands of one origin.

    `off`: the rule by which it may send none; `reads_only`: the one by which nobody may write. `devices`: whom alone
    it may command.
    """

    default_ttl_s: float
    needs_expiry: bool = False
    off: str | None = None
    reads_only: str | None = None
    devices: Collection[str] | None = None


class TooLate(Exception):
    """Its time was over when it came."""


class Admitted(NamedTuple):
    """A command that may be claimed. `take_back()` is for when it is not: then it does not count for any rate."""

    command: Command
    permit: Permit
    link: Link
    asked: Asked
    take_back: Callable[[], None]


class Admission:
    """The door for the commands of one endpoint, or (None) of the box. Whatever says no raises Rejected."""

    def __init__(
        self,
        endpoint: str | None,
        plant: Plant,
        rules: Rules,
        *,
        own: OwnCommands,
        hold: Hold,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        self.own = own
        self.hold = hold
        self._endpoint = endpoint
        self._plant = plant
        self._rules = rules
        self._wanted = True
        self._wall_s = wall_s

    def take(self, *, wanted: bool) -> None:
        """Whether the far end itself wants commands from there to be carried out, if they may be."""
        self._wanted = wanted

    def knows(self, device: str) -> bool:
        """Whether there is such a device."""
        return device in self._plant.devices

    def check_delivery(self, delivery: Delivery, request: Request) -> None:
        """What holds for whatever is asked."""
        if delivery.retained:
            raise Rejected("retained", "a retained command may be old: publish it without the retain flag")
        if self._rules.off is not None:
            raise Rejected("policy", "commands from here are switched off (commands: false)", self._rules.off)
        if not self._wanted:
            raise Rejected("policy", "commands from here are switched off from there (a wish: commands false)")
        if request.device not in (None, delivery.device or request.device):
            raise Rejected("malformed", f"it came to {delivery.device}, but names another device")

    def admit(self, request: Request, delivery: Delivery, came_s: float) -> Admitted:
        """Weigh a command that came at this time of the loop's clock, and count it; raises TooLate, too."""
        device = device_of(request, delivery)
        permit, link = self._permit(request, device)
        if permit.moves:
            self._check_moves(is_new=_is_fail_safe(delivery))
        now_s = asyncio.get_running_loop().time()
        deadline_s = now_s + self._rest_s(request, delivery, now_s - came_s)
        if deadline_s <= now_s:
            raise TooLate
        if link.is_full:
            raise Rejected("queue-full", "too many commands wait for that link")
        take_back = _nothing
        if permit.moves and not _is_fail_safe(delivery):
            sender = f"{self._endpoint or ''}/{delivery.user or ''}"
            take_back = self._plant.guard.admit(request, permit, device, sender)
        command = _command(request, permit, device, deadline_s)
        return Admitted(command, permit, link, self.asked(request, delivery, permit), take_back)

    def asked(self, request: Request | None, delivery: Delivery, permit: Permit | None = None) -> Asked:
        """For the audit; `old` of what is to be written, as last read."""
        if request is None:
            return Asked(self._origin(delivery), "unknown", None, self._endpoint, delivery.user)
        names = [
            *(request.write or ()),
            *(name for part in (permit.parts if permit else ()) for name in part.step.write),
        ]
        known = self._plant.latest.of(device_of(request, delivery)) if names else {}
        old: dict[str, Value] = {}
        for name in names:
            if name in known and (value := known[name].value) is not None:
                old[name] = value
        counts = rates(permit) if permit is not None and not _is_fail_safe(delivery) else ()
        origin, content = self._origin(delivery), _content(request, permit)
        return Asked(origin, kind_of(request), content, self._endpoint, delivery.user, old, counts)

    def _origin(self, delivery: Delivery) -> str:
        if self._endpoint is not None:
            return "endpoint"
        return "uplink-lost" if _is_fail_safe(delivery) else "local"

    def _permit(self, request: Request, device: str) -> tuple[Permit, Link]:
        """What a command may do and where it waits."""
        if request.peek is not None and (self._endpoint is not None or not device):
            raise Rejected("not-supported", "only somebody at the box may read what is no point, and of a device")
        if not device:
            return self._own_permit(request), self.own
        info = self._plant.devices.get(device)
        if info is None:
            raise Rejected("unknown-device", f"there is no device '{device}'")
        if self._rules.devices is not None and device not in self._rules.devices:
            rule = f"endpoints.{self._endpoint}.devices"
            raise Rejected("policy", f"{device} is not among the devices that can be commanded from here", rule)
        return policy.check(request, info), self._plant.links[info.link]

    def _own_permit(self, request: Request) -> Permit:
        if request.invoke not in self.own.actions:
            known = ", ".join(sorted(self.own.actions))
            raise Rejected("unknown-command", f"the gateway itself knows only {known}")
        if request.invoke not in HARMLESS and not (request.invoke == "scan" and self._endpoint is None):
            self._check_moves()
        return Permit(moves=False, args=request.args)

    def _check_moves(self, *, is_new: bool = False) -> None:
        """`is_new`: nobody can have sent it before, under any id."""
        if self._rules.reads_only is not None:
            raise Rejected("policy", "nothing is written by anyone (commands: false)", self._rules.reads_only)
        if not is_new:
            self.hold.check()

    def _rest_s(self, request: Request, delivery: Delivery, waited_s: float) -> float:
        """How long this command may still be executed: the shortest of what its sender says, else the default.

        A point in time means nothing to a clock that is not set.
        """
        bounds = [] if delivery.expires_in_s is None else [delivery.expires_in_s - waited_s]
        expires_ms, is_synced = expiry_ms(request), self._plant.is_synced()
        if expires_ms is not None and is_synced:
            bounds.append(expires_ms / 1000 - self._wall_s())
        is_live = delivery.answered is not None  # who waits for the answer has sent it just now
        if not bounds and self._rules.needs_expiry and not is_live:
            why = "" if expires_ms is None or is_synced else "; expires can't be judged, since the clock is not set"
            detail = f"the broker keeps commands while we are away, so each must carry its message expiry{why}"
            raise Rejected("no-expiry", detail)
        return min(bounds, default=self._rules.default_ttl_s - waited_s)


def device_of(request: Request | None, delivery: Delivery) -> str:
    """Whom a command is for; empty for the gateway itself."""
    return delivery.device or (request.device if request is not None else None) or ""


def _content(request: Request, permit: Permit | None) -> Any:
    """What was asked for; of what may be carried out, with what."""
    if request.invoke is None:
        return request.write or request.read or request.peek
    args = request.args if permit is None else permit.args
    return {"command": request.invoke, "args": args} if args else {"command": request.invoke}


def _command(request: Request, permit: Permit, device: str, deadline_s: float) -> Command:
    read = tuple(request.read) if request.read else None
    return Command(request.id, device, deadline_s, request.write, read, request.invoke, permit.args, request.peek)


def _is_fail_safe(delivery: Delivery) -> bool:
    return isinstance(delivery, LocalDelivery) and delivery.fail_safe


def _nothing() -> None:
    """It was not counted."""
