"""What moves through the house: samples, statuses, commands, results, gaps and wishes. Pure values.

A sample speaks of all points of its group, as polls do; or, where a device tells now this and now that, it is `partial`
and speaks of some of them only. What it does not speak of stays as it was last told, with the time of then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from msgspec import Struct

from gateway.units import TimesIn

Value = bool | int | float | str
"""What a point can be worth. Never a non-finite float; 64-bit integers stay integers."""

LAST_MS = 253_402_300_799_999
"""The end of the year 9999 in Unix milliseconds: what is beyond has no text, and no clock has stamped it."""

Kind = Literal["int", "float", "bool", "text"]
"""How a point's value is written in JSON; fixed for the life of a configuration."""


class BadReason(StrEnum):
    """Why a point has no good value."""

    TIMEOUT = "timeout"
    NO_LINK = "no-link"
    DEVICE_ERROR = "device-error"
    OUT_OF_RANGE = "out-of-range"
    INVALID = "invalid"
    DECODE_ERROR = "decode-error"
    STALE = "stale"


OF_A_VALUE = frozenset({BadReason.OUT_OF_RANGE, BadReason.INVALID})
"""Reasons why a value is not good that the device has given."""


class Bad(Struct, frozen=True, omit_defaults=True):
    """A point without a good value; `value` where one was decoded, `code` where the device gave one."""

    reason: BadReason
    value: Value | None = None
    code: int | None = None


class PointGroup(Struct, frozen=True, cache_hash=True):
    """The points of one device that come together: read each `every_s` seconds, or when the device sends them (0).

    `stale_after_s`: without a sample for so long they are stale; None: by the rule for what is polled, 0: never.
    """

    device: str
    every_s: float
    points: tuple[str, ...]
    kinds: tuple[Kind, ...]
    stale_after_s: float | None = None


NOTHING_BAD: Mapping[str, Bad] = MappingProxyType({})


class Sample(Struct, frozen=True, gc=False):
    """One device at one moment.

    `values` follows `group.points`; it holds None exactly where `bad` names the point, or where a `partial` one does
    not tell it. `time_ms`: UTC, Unix milliseconds, when the device was read (the last block's arrival).
    """

    group: PointGroup
    time_ms: int
    values: tuple[Value | None, ...]
    bad: Mapping[str, Bad] = NOTHING_BAD
    partial: bool = False

    def told(self) -> Iterator[tuple[str, Value | Bad]]:
        """The points that it speaks of, each with its value or why it has none."""
        for name, value in zip(self.group.points, self.values, strict=True):
            if value is not None:
                yield name, value
            elif name in self.bad:
                yield name, self.bad[name]

    @property
    def is_empty(self) -> bool:
        """Whether it tells nothing at all: such a one is not emitted."""
        return self.partial and not self.bad and all(value is None for value in self.values)


class DeviceState(StrEnum):
    """`unknown` until a device's first answer; `degraded`: some points are bad.

    `removed` is the last word on a device that left the configuration: only the core says so.
    """

    UNKNOWN = "unknown"
    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"
    REMOVED = "removed"


class DeviceStatus(Struct, frozen=True):
    """A device's state and since when (UTC, Unix milliseconds) it has been in it.

    `reason` is a code for machines, `detail` a sentence for people where a code can't say it.
    """

    device: str
    state: DeviceState
    since_ms: int
    reason: str | None = None
    detail: str | None = None


class Notice(Struct, frozen=True):
    """What people should know of a device, in a sentence; `mended`: a trouble that was told before is over."""

    device: str
    text: str
    mended: bool = False


class Relearned(Struct, frozen=True):
    """An adapter's memory of a device makes other points of it than it has now: `complete` would say which."""

    device: str


class Command(Struct, frozen=True):
    """A validated request to one device; exactly one of `write`, `read` and `invoke` is set.

    `invoke` names a command of the device that its adapter carries out itself, with `args`.

    `deadline_s` is on the event loop's clock: nothing is sent to the device after it.
    """

    id: str
    device: str
    deadline_s: float
    write: Mapping[str, Value] | None = None
    read: tuple[str, ...] | None = None
    invoke: str | None = None
    args: Mapping[str, Any] = {}
    peek: str | None = None


class Wishes(Struct, frozen=True, omit_defaults=True):
    """What a far end wants otherwise than the configuration has it, for its own endpoint; None: as configured.

    `interval_s`: the least time between two reports of a point, by device, or "" for all; `level`: of the log;
    `commands`: whether commands from this endpoint are taken (it can't switch on what the configuration forbids).
    """

    interval_s: Mapping[str, float] = {}
    level: str | None = None
    commands: bool | None = None


class ResultStatus(StrEnum):
    """How a command ended; `unknown`: it may or may not have happened."""

    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


class Result(Struct, frozen=True, omit_defaults=True):
    """The answer to a command: `detail` is a sentence for people, `reason` a code for machines.

    `rule`: what in the configuration forbade it, as a path. `confirm`: the token that a second command must carry.
    `found`: what a scan has found, or what a peek has read.
    """

    status: ResultStatus
    values: Mapping[str, Value] = {}
    bad: Mapping[str, Bad] = {}
    reason: str | None = None
    detail: str | None = None
    rule: str | None = None
    confirm: str | None = None
    found: tuple[Mapping[str, Any], ...] = ()


class GapReason(StrEnum):
    """Why readings are missing."""

    FULL = "full"
    EXPIRED = "expired"
    OVERFLOW = "overflow"
    CORRUPT = "corrupt"
    REFUSED = "refused"
    PURGED = "purged"


class Gap(Struct, frozen=True):
    """Readings that were lost: the range of `seq` (None: never assigned) and of time, and why.

    `count` is None where nobody can tell.
    """

    reason: GapReason
    count: int | None
    first_seq: int | None
    last_seq: int | None
    first_ms: int
    last_ms: int
    device: str | None = None
    lost_session: int | None = None


class Guards(Struct, frozen=True):
    """What must hold before anything is written; `hours`: from and to, in minutes of the day; none: always."""

    max_rate: TimesIn | None = None
    confirm: bool = False
    hours: tuple[tuple[int, int], ...] = ()
    interlock: Mapping[str, Value] = {}


NO_GUARDS = Guards()


class Step(Struct, frozen=True):
    """Of a command: points to write at once, or a pause."""

    write: Mapping[str, Value] = {}
    pause_s: float = 0.0


class Interlock(Struct, frozen=True):
    """What points of the device must read for a command to be carried out; `rule` is where that is configured."""

    rule: str
    wanted: Mapping[str, Value]


class Settling(Struct, frozen=True):
    """How long after a write a point is read back, and how far it may then be off."""

    settle_s: float
    tolerance: float = 0.0


class Part(Struct, frozen=True):
    """One step of a command that has several, and what must hold just before it."""

    step: Step
    interlocks: tuple[Interlock, ...] = ()


class ArgumentInfo(Struct, frozen=True):
    """What a command takes; without `default` it must be given. `pattern` is for the adapter to check."""

    kind: Kind
    min: float | None = None
    max: float | None = None
    choices: tuple[Value, ...] = ()
    max_length: int | None = None
    pattern: str | None = None
    default: Value | None = None
    unit: str | None = None
    description: str = ""


class CommandInfo(Struct, frozen=True):
    """A named command of a device: its steps, or none where its adapter carries it out itself, with `args`."""

    guards: Guards = NO_GUARDS
    steps: tuple[Step, ...] = ()
    description: str = ""
    args: Mapping[str, ArgumentInfo] = {}


class FailSafeInfo(Struct, frozen=True):
    """What is written when `endpoint` (None: every one) has been away for `after_s`."""

    after_s: float
    write: Mapping[str, Value]
    endpoint: str | None = None


class PointInfo(Struct, frozen=True):
    """What the core and the cloud may know of a point; `every_s` is 0 where the device sends it by itself."""

    name: str
    type: str
    kind: Kind
    every_s: float
    unit: str | None = None
    enum: Mapping[int, Value] | Mapping[int | str, Value] | None = None
    range: tuple[float, float] | None = None
    writable: bool = False
    write_min: float | None = None
    write_max: float | None = None
    guards: Guards = NO_GUARDS
    labels: Mapping[str, str] = {}
    settling: Settling | None = None


class DeviceInfo(Struct, frozen=True):
    """What the core and the cloud may know of a device; `address` is for people, `every_s` 0 if nothing is polled."""

    device: str
    link: str
    address: str
    every_s: float
    points: Mapping[str, PointInfo]
    groups: tuple[PointGroup, ...]
    labels: Mapping[str, str] = {}
    takes_commands: bool = True
    commands: Mapping[str, CommandInfo] = {}
    max_write_rate: TimesIn | None = None
    fail_safe: FailSafeInfo | None = None
