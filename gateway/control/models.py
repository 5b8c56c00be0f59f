"""What the API takes and gives: requests are checked against these, answers written from them, both described by them.

Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.adapter import IDENTIFIER, Direction
from gateway.model import Bad, Kind, ResultStatus, Value

AUDIT_LIMIT, AUDIT_DEFAULT = 1_000, 100
"""Records in one answer: at most, and unless asked otherwise. A thousand are some 500 KB."""

Action = Literal["ping", "reload", "republish-birth"]

Time = Annotated[str, Meta(description="UTC with milliseconds", examples=["2026-11-24T09:01:02.345Z"])]
Moment = Annotated[str, Meta(description="UTC with microseconds", examples=["2026-11-24T09:01:02.345678Z"])]
Name = Annotated[str, Meta(pattern=IDENTIFIER)]
Id = Annotated[str, Meta(min_length=1, description="the same id again: the same result, nothing is done twice")]
Token = Annotated[str, Meta(description="from the result that asked for a confirmation")]


class NoQuery(Struct, forbid_unknown_fields=True):
    """Nothing may be asked for."""


class DeviceQuery(Struct, forbid_unknown_fields=True):
    """Which device; all when left out."""

    device: Name | None = None


class LinkQuery(Struct, forbid_unknown_fields=True):
    """Which link; all when left out."""

    link: Name | None = None


class AuditQuery(Struct, forbid_unknown_fields=True):
    """Which commands."""

    device: Name | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None
    before: Annotated[int, Meta(ge=0, description="`next` of the answer before")] | None = None
    limit: Annotated[int, Meta(ge=1, le=AUDIT_LIMIT)] = AUDIT_DEFAULT


class ReadBody(Struct, forbid_unknown_fields=True):
    """Which points; all when left out."""

    points: Annotated[list[str], Meta(min_length=1)] | None = None
    id: Id | None = None


class PeekBody(Struct, forbid_unknown_fields=True):
    """Where to look, as the device's adapter names it."""

    what: Annotated[str, Meta(examples=["holding:100/2"])]
    id: Id | None = None


class WriteBody(Struct, forbid_unknown_fields=True):
    """Points and what they are to be."""

    values: Annotated[dict[str, Value], Meta(min_length=1)]
    id: Id | None = None
    confirm: Token | None = None


class InvokeBody(Struct, forbid_unknown_fields=True):
    """A named command of the device."""

    command: str
    args: dict[str, Value] = {}
    id: Id | None = None
    confirm: Token | None = None


class ActionBody(Struct, forbid_unknown_fields=True):
    """May be left out."""

    id: Id | None = None


class Point(Struct):
    """A point, and what is known of it: neither `value` nor `bad` as long as nothing has come."""

    type: str
    kind: Kind
    unit: str | None
    writable: bool
    min: float | UnsetType = UNSET
    max: float | UnsetType = UNSET
    enum: dict[str, Value] | UnsetType = UNSET
    confirm: Annotated[bool, Meta(description="a write needs a second one with the first one's token")] | UnsetType = (
        UNSET
    )
    value: Value | UnsetType = UNSET
    bad: Bad | UnsetType = UNSET
    time: Time | UnsetType = UNSET


class Argument(Struct):
    """What a named command takes; without `default` it must be given."""

    kind: Kind
    min: float | UnsetType = UNSET
    max: float | UnsetType = UNSET
    choices: Annotated[list[Value], Meta(description="nothing else")] | UnsetType = UNSET
    max_length: Annotated[int, Meta(description="characters")] | UnsetType = UNSET
    pattern: Annotated[str, Meta(description="what all of it must look like")] | UnsetType = UNSET
    default: Value | UnsetType = UNSET
    unit: str | UnsetType = UNSET
    description: str | UnsetType = UNSET


class NamedCommand(Struct):
    """What `invoke` may name."""

    description: str
    confirm: bool
    args: Annotated[dict[str, Argument], Meta(description="what it takes, by name")] = {}


class Device(Struct):
    """A device, its points and its commands."""

    link: str
    address: str
    state: Literal["unknown", "online", "degraded", "offline"]
    reason: str | None
    detail: Annotated[str | None, Meta(description="a sentence, where the reason does not say it")]
    since: Time | None
    points: dict[str, Point]
    commands: dict[str, NamedCommand]


class OneDevice(Device):
    """The same, with its name."""

    device: str


class Devices(Struct):
    """Every device by its name."""

    devices: dict[str, Device]


class Link(Struct):
    """A link, which adapter serves it, and what no other may open meanwhile, such as a serial port."""

    adapter: str
    holds: str | None = None


class Links(Struct):
    """Every link by its name."""

    links: dict[str, Link]


class Connected(Struct):
    """To whom a connection leads, if that can be told, and since when it stands."""

    to: str | None
    since: Time


class Endpoint(Struct):
    """How an endpoint does; `notes` are sentences on what is not as it was meant, or soon will not be."""

    state: str
    fault: str | None = None
    connected: Connected | None = None
    notes: list[str] = []


class Status(Struct):
    """The gateway's own state; it may have more members."""

    gateway: str
    endpoints: dict[str, Endpoint]


class Outboxes(Struct):
    """By endpoint: what waits, in memory and on disk, and how it comes and goes."""

    outboxes: dict[str, dict[str, Any]]


class Answer(Struct, omit_defaults=True):
    """How a command ended; what does not apply is left out."""

    command: str
    status: ResultStatus
    device: str = ""
    reason: Annotated[str, Meta(description="a code")] | None = None
    rule: Annotated[str, Meta(description="what in the configuration forbade it")] | None = None
    detail: Annotated[str, Meta(description="a sentence")] | None = None
    values: dict[str, Value] = {}
    bad: dict[str, Bad] = {}
    confirm: Token | None = None
    found: Annotated[list[dict[str, Any]], Meta(description="what a scan has found, or a peek has read")] = []


class Record(Struct):
    """A command as the audit has it; it may have more members, and what is empty is left out.

    Of a damaged record there is only `number`, and `detail` says so.
    """

    number: int
    time: Time | UnsetType = UNSET
    origin: Literal["endpoint", "local", "uplink-lost"] | UnsetType = UNSET
    endpoint: str | UnsetType = UNSET
    user: str | UnsetType = UNSET
    command: str | UnsetType = UNSET
    device: str | UnsetType = UNSET
    kind: str | UnsetType = UNSET
    asked: Any = UNSET
    old: dict[str, Value] | UnsetType = UNSET
    wire: Annotated[list[str], Meta(description="requests that may have changed something, in hex")] | UnsetType = UNSET
    status: ResultStatus | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    rule: str | UnsetType = UNSET
    detail: str | UnsetType = UNSET
    values: dict[str, Value] | UnsetType = UNSET
    bad: dict[str, Bad] | UnsetType = UNSET
    latency_ms: float | UnsetType = UNSET
    repeated: Annotated[int, Meta(description="refusals beside it that were not recorded")] | UnsetType = UNSET
    clock: Annotated[Literal["unsynced"], Meta(description="`time` is of a clock that was not set")] | UnsetType = UNSET


class Audit(Struct):
    """Newest first; `next` is what `before` must be to go on."""

    records: list[Record]
    next: int | None


class Readings(Struct, omit_defaults=True):
    """A line: one device at one moment; a point is in `values` or in `bad`."""

    device: str
    time: Time
    values: dict[str, Value]
    bad: dict[str, Bad] = {}


class Frame(Struct):
    """A line: what went over a link, in hex."""

    time: Moment
    link: str
    direction: Direction
    data: Annotated[str, Meta(pattern="^([0-9a-f]{2})*$")]


class Progress(Struct, omit_defaults=True):
    """A line: how far a scan is. The first is told with nothing `done`, and with how long it will take at most."""

    done: int
    total: int
    left_s: float
    at: Annotated[str, Meta(description="what was looked at last")] = ""
    found: Annotated[list[dict[str, Any]], Meta(description="what has been found since the line before")] = []
    notes: Annotated[list[str], Meta(description="sentences for people that belong to it")] = []


class Missed(Struct):
    """A line: so many are left out here, since they came faster than they were taken."""

    missed: int


class Fault(Struct):
    """What was wrong: a code, and a sentence."""

    code: str
    detail: str


class ErrorAnswer(Struct):
    """What every answer but 200 says."""

    error: Fault
