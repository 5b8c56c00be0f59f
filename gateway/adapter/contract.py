"""The adapter contract: what a protocol must offer to become part of the house.

One adapter instance serves one link (a host, a serial port, a radio) and all devices on it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from gateway.adapter.advice import Advice
from gateway.adapter.errors import Rejected
from gateway.adapter.settings import DeviceConfig, LinkConfig
from gateway.model import Command, DeviceStatus, Notice, Relearned, Result, Sample, Value


class Emit(Protocol):
    """How an adapter hands over what it read."""

    def __call__(self, item: Sample | DeviceStatus | Notice | Relearned, /) -> None:
        """Take it without ever waiting; overflow is counted and reported by the core, a notice is logged.

        After `Relearned` the adapter goes on with what it has: the core makes a fresh one, with what `complete` says
        then, when it is time for that. A partial sample keeps its whole group fresh: which of its points are stale is
        then for the adapter to say.
        """

    async def durable(self, sample: Sample, /) -> None:
        """Return once it is on disk, for devices that delete what we acknowledge; raises Unkept if it had to go."""


Memory = Mapping[str, MutableMapping[str, Any]]
"""Per device, small JSON-like facts an adapter learned; kept by the core across restarts."""


Wrote = Callable[[bytes], None]
"""Takes a request that may change something, at the moment it goes on the wire: for the audit."""

Direction = Literal["tx", "rx"]

Tap = Callable[[Direction, bytes], None]
"""Takes everything that goes over the wire, as it goes; returns at once."""


class Progress(NamedTuple):
    """How far a scan is; first told with nothing done, and `left_s` at most.

    `at`: what was looked at last, `found`: what that has brought, `notes`: sentences for people that belong to it.
    """

    done: int
    total: int
    left_s: float
    at: str = ""
    found: tuple[Mapping[str, Any], ...] = ()
    notes: tuple[str, ...] = ()


Tell = Callable[[Progress], None]
"""Takes how far a scan is, each time it gets on; returns at once."""


def to_nobody(_progress: Progress) -> None:
    """A `Tell` for those who only wait for the end."""


class Simulation(Protocol):
    """The devices of a link, served as if they were there."""

    @property
    def place(self) -> str:
        """Where they are, for people."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What must be written in the link's configuration to reach them, as far as it is not what stands there."""

    @property
    def devices(self) -> Mapping[str, DeviceConfig[Any]]:
        """Who is served, with all points; those, too, that only a device itself tells."""

    async def get(self, device: str, point: str) -> Value | None:
        """What a point is worth now; None where that is no good value."""

    async def set(self, device: str, point: str, value: Value) -> None:
        """Change what a point is worth, writable or not, and move it no more; Unwritable if it can't hold that."""

    async def fault(self, device: str, fault: str) -> None:
        """Let something be wrong with a device from now on, or `well` again; raises Rejected with what there is."""


NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class Adapter(ABC):
    """One link and the devices on it."""

    Link: ClassVar[type[LinkConfig]]
    Device: ClassVar[type[DeviceConfig[Any]]]
    concurrency: ClassVar[int] = 1
    """How many commands the core may have under way at once."""

    @abstractmethod
    def __init__(self, link: Any, devices: Mapping[str, Any], memory: Memory) -> None:
        """Store; no I/O. `devices` maps ids to `Device` instances."""

    @abstractmethod
    async def run(self, emit: Emit) -> None:
        """Connect, read and emit until cancelled; everything opened here is closed on the way out.

        Never reconnects: raises AdapterError when the link is lost, PermanentError when a person must act.
        """

    @abstractmethod
    async def execute(self, command: Command, wrote: Wrote) -> Result:
        """Carry a command out before its deadline, ahead of polls as far as the link's `poll_share` allows.

        May run beside `run`. Raises Rejected when the device was not touched. `wrote` is told of each request that may
        change something; it is what the audit shows when the command is cut short. `args` of a named command are all
        that its description wants, in its kinds and limits, but for `pattern`; `values` of its result are its answer.
        """

    def tap(self, tap: Tap | None) -> None:
        """Show everything that goes over the wire to `tap` from now on; None: no more. Also before `run`."""
        if tap is not None:
            raise Rejected("not-supported", "this adapter can't show its frames")

    async def peek(self, command: Command) -> Result:  # noqa: ARG002 - for adapters to use
        """Read what `command.peek` names in the adapter's own way, point or not, in turn with other commands.

        `found` of the result is one object: what is there, raw, and how it may be understood. Raises Rejected.
        """
        raise Rejected("not-supported", "this adapter can't read what is no point")

    async def scan(
        self,
        options: Mapping[str, Any],  # noqa: ARG002 - for adapters to use
        tell: Tell = to_nobody,  # noqa: ARG002 - for adapters to use
    ) -> list[dict[str, Any]]:
        """Find devices on the link while `run` serves it, at most beside its polls; `options` are the adapter's own.

        Each is what can be told of it, JSON-like, beginning with its address as the configuration writes it. Raises
        Rejected for options that make no sense, and where there is no connection.
        """
        raise Rejected("not-supported", "this adapter can't look for devices")

    @classmethod
    def scans_alone(
        cls,
        link: Any,  # noqa: ARG003 - for adapters to use
        options: Mapping[str, Any],  # noqa: ARG003 - for adapters to use
    ) -> bool:
        """Whether a scan with these options needs the link for itself; then it is a `survey`. Raises Rejected."""
        return False

    @classmethod
    async def survey(
        cls,
        link: Any,  # noqa: ARG003 - for adapters to use
        devices: Mapping[str, Any],  # noqa: ARG003 - for adapters to use
        options: Mapping[str, Any],  # noqa: ARG003 - for adapters to use
        tell: Tell,  # noqa: ARG003 - for adapters to use
    ) -> list[dict[str, Any]]:
        """The same as `scan` on a link that nobody serves, which it opens and closes; `devices` are known there."""
        raise Rejected("not-supported", "this adapter can't look for devices")

    @classmethod
    def link_to(cls, port: str) -> Any:  # noqa: ARG003 - for adapters to use
        """A link that is nothing but a serial port, for who has no configuration; raises Rejected where it is none."""
        raise Rejected("not-supported", "this adapter serves no ports")

    def counters(self) -> Mapping[str, int]:
        """What this instance has counted so far, by short names; shown in the gateway's status, also after its end."""
        return {}

    @classmethod
    def complete(cls, link: Any, devices: Mapping[str, Any], memory: Memory) -> Mapping[str, Any]:  # noqa: ARG003
        """The same devices with the points that were learned of them rather than configured. Quick, without the field.

        Called before an instance is made of what it returns: points are known to all of the house before any is read.
        """
        return devices

    @classmethod
    def plan_summary(cls, link: Any, devices: Mapping[str, Any]) -> list[str]:  # noqa: ARG003 - for adapters to use
        """How the devices of a link will be polled, in lines for people; empty where there is nothing to say."""
        return []

    @classmethod
    def load(cls, link: Any, devices: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG003 - for adapters to use
        """The same as JSON-like data; empty where there is nothing to say."""
        return {}

    @classmethod
    def advice(cls, link: Any, devices: Mapping[str, Any]) -> Iterable[Advice]:  # noqa: ARG003 - for adapters to use
        """What is valid but hardly meant: warnings of `check`, and of `run` at its start. Quick, without the field."""
        return ()

    @classmethod
    def simulate(
        cls,
        link: Any,  # noqa: ARG003 - for adapters to use
        devices: Mapping[str, Any],  # noqa: ARG003 - likewise
        options: Mapping[str, Any] = NO_OPTIONS,  # noqa: ARG003 - likewise
    ) -> AbstractAsyncContextManager[Simulation]:
        """Be the devices of a link, as long as the context lasts; at the link's own place, or where `options` say.

        Options are the adapter's own, but for two that each knows: `elsewhere`, any place will do where the link's own
        can't be had, and `moving`, values are good from the start and change by themselves; and `replay`, the path of
        a capture that is played there instead, with `loop` again and again, which an adapter may refuse. Raises
        Rejected for options that make no sense, OSError where the place can't be had.
        """
        raise Rejected("not-supported", "this adapter can't simulate its devices")
