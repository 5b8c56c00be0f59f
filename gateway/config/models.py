"""The core's part of the configuration; links and devices belong to their adapters."""

from __future__ import annotations

import zoneinfo
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from gateway.adapter import PERCENTAGE, Identifier, Labels, Period, Reconnect, ReportConfig, StrictModel
from gateway.config.diagnostics import did_you_mean
from gateway.units import Duration, Rate, Size


def _known_timezone(name: str) -> str:
    try:
        if name != "UTC":
            zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, zoneinfo.available_timezones())
        raise PydanticCustomError("unknown_timezone", "unknown time zone{near}", {"near": near}) from None
    return name


def _more_than_zero(rate: float) -> float:
    if rate <= 0:
        raise PydanticCustomError("zero_duration", "must be more than zero")
    return rate


def _clock_source(text: str) -> str:
    if text not in CLOCK_WORDS and not text.startswith("/"):
        near = did_you_mean(text, CLOCK_WORDS)
        raise PydanticCustomError(
            "clock_source", "must be kernel, trusted, or the absolute path of a file{near}", {"near": near}
        )
    return text


CLOCK_WORDS = ("kernel", "trusted")

ClockSource = Annotated[
    str, AfterValidator(_clock_source), WithJsonSchema({"type": "string", "pattern": "^(kernel|trusted|/.*)$"})
]

DrainRate = Annotated[Rate, AfterValidator(_more_than_zero)]

MIN_OUTBOX_BYTES = 4 * 1024**2
"""The tables, and a log that can take one commit, need some hundred KiB: in less the limit could not hold."""


def _large_enough(size: int) -> int:
    if size < MIN_OUTBOX_BYTES:
        raise PydanticCustomError("size_bounds", "must be at least {low}", {"low": f"{MIN_OUTBOX_BYTES // 1024**2}MiB"})
    return size


OutboxSize = Annotated[Size, AfterValidator(_large_enough)]

MAX_DRAIN_S = 60.0
"""A stop must end before systemd loses patience (TimeoutStopSec, 90 s unless set)."""


class GatewaySection(StrictModel):
    """Who this gateway is."""

    id: Identifier
    description: str = ""
    timezone: Annotated[str, AfterValidator(_known_timezone)] = Field(
        "UTC", description="only for rules with times of day; data is always UTC"
    )
    labels: Labels = {}
    drain: Annotated[Duration, Field(le=MAX_DRAIN_S)] = Field(
        3.0, description="how long a stop waits for the last acknowledgements"
    )
    clock: ClockSource = Field(
        "kernel",
        description="who knows whether the clock is right: the kernel, a file that exists then; trusted: it always is",
    )


class OutboxSection(StrictModel):
    """What is kept while the uplink is away, per endpoint."""

    max_size: OutboxSize = Field(512 * 1024**2, description="pages in use and log, at least 4MiB")
    max_age: Period = 30 * 86400.0
    when_full: Literal["drop-oldest", "drop-newest"] = "drop-oldest"
    commit_interval: Duration = Field(1.0, description="0s: on disk before it is published")
    backlog_rate: DrainRate = Field(
        200.0, description="envelopes of backlog per second after an outage; under strict order beside the new ones"
    )
    order: Literal["live-first", "strict"] = Field(
        "live-first",
        description="strict: readings leave in the order in which they were read, new ones once no older one waits",
    )


class OutboxOverride(StrictModel):
    """An endpoint's own answer to some of the outbox's settings."""

    max_size: OutboxSize | None = None
    max_age: Period | None = None
    when_full: Literal["drop-oldest", "drop-newest"] | None = None
    commit_interval: Duration | None = None
    backlog_rate: DrainRate | None = None
    order: Literal["live-first", "strict"] | None = None


DEVICE_KINDS = ("readings", "statuses", "births", "results")
"""What is said of devices."""

POINT_CHOICE = r"^([A-Za-z0-9_*-]{1,64}\.)?[A-Za-z0-9_*-]{1,64}$"

PointChoice = Annotated[str, Field(pattern=POINT_CHOICE, examples=["flow_temp", "boiler.flow_temp", "meter*.*"])]


class EndpointConfig(StrictModel):
    """What every endpoint has. `type` names the entry point that serves it."""

    type: str
    commands: bool = Field(True, description="false: this endpoint may only listen")
    only: Annotated[list[Literal["readings", "statuses", "births", "results"]], Field(min_length=1)] | None = Field(
        None,
        description="what goes there of devices: all, unless given; gaps go with readings, answers to commands always",
    )
    devices: Annotated[list[Identifier], Field(min_length=1)] | None = Field(
        None, description="whose data goes there, and who can be commanded from there: all devices, unless given"
    )
    points: Annotated[list[PointChoice], Field(min_length=1)] | None = Field(
        None, description="which readings go there: POINT, or DEVICE.POINT; * stands for any text; all, unless given"
    )
    report: ReportConfig | None = Field(None, description="when points are reported there, before all other settings")
    format: Literal["fieldgate", "cloudevents"] = "fieldgate"
    outbox: OutboxOverride = OutboxOverride()
    was: Identifier | None = Field(None, description="the name it had before: what waits under that is its own")
    reconnect: Reconnect = Reconnect()

    @property
    def exclusives(self) -> tuple[str, ...]:
        """What only one endpoint of a site may have, in words for people; two with the same are an error."""
        return ()

    @property
    def keeps_commands(self) -> bool:
        """Whether the far end keeps commands while we are away: then each must say when it expires."""
        return False

    @property
    def files(self) -> tuple[Path, ...]:
        """Files whose content counts from the next connection on: a change of one renews it."""
        return ()

    def try_files(self) -> None:
        """Raises OSError or ValueError where what they hold now can't be used together; off the loop."""


class CommandsSection(StrictModel):
    """Bounds on commands; `commands: false` for none that write."""

    allowed: bool = Field(True, description="false: nothing is written to any device, whoever asks")

    default_ttl: Period = Field(60.0, description="a command without its own expiry is refused after this long")
    max_queue: Annotated[int, Field(ge=1)] = Field(100, description="commands that may wait per link")
    journal_age: Period = 30 * 86400.0
    journal_size: Size = 16 * 1024**2
    audit_age: Period = 365 * 86400.0
    audit_size: Size = Field(16 * 1024**2, description="of the log of what was commanded, for all endpoints together")

    @model_validator(mode="before")
    @classmethod
    def _switched_off(cls, given: Any) -> Any:
        return {"allowed": given} if isinstance(given, bool) else given


class ControlSection(StrictModel):
    """Who on the box may use the control socket."""

    group: str | None = Field(None, description="a group of the system; the daemon's own if not given")


class LogSection(StrictModel):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = Field("auto", description="auto: console on a terminal, else JSON")


class ReportSection(ReportConfig):
    """The default for every point."""

    on_change: bool = False
    deadband: float | Annotated[str, Field(pattern=PERCENTAGE)] = 0.0
    heartbeat: Duration = 600.0
    interval: Duration = 0.0
