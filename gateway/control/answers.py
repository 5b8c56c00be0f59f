"""From what the house knows to what the API says of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from gateway.adapter import Progress
from gateway.control.models import Answer, Argument, Device, Frame, Missed, NamedCommand, Point, Readings
from gateway.control.models import Progress as ProgressLine
from gateway.endpoints.payload import iso_ms
from gateway.latest import Reading
from gateway.model import ArgumentInfo, CommandInfo, DeviceInfo, DeviceState, DeviceStatus, PointInfo, Result, Sample

CHUNK_BYTES = 65_536
"""Lines are written together up to this: what one client's stream may have in memory, and how long the loop is kept."""


def _plain(value: Any) -> Any:
    """Mappings of other kinds than a dict are written like one."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON")


STATES: Mapping[DeviceState, Literal["unknown", "online", "degraded", "offline"]] = {
    DeviceState.ONLINE: "online",
    DeviceState.DEGRADED: "degraded",
    DeviceState.OFFLINE: "offline",
}
"""What a device that is configured can be in."""

encode = msgspec.json.Encoder(enc_hook=_plain).encode


def device(info: DeviceInfo, status: DeviceStatus | None, known: Mapping[str, Reading]) -> Device:
    """A device with what is known of its points."""
    return Device(
        link=info.link,
        address=info.address,
        state=STATES.get(status.state, "unknown") if status else "unknown",
        reason=status.reason if status else None,
        detail=status.detail if status else None,
        since=iso_ms(status.since_ms) if status else None,
        points={name: _point(point, known.get(name)) for name, point in info.points.items()},
        commands={name: _command(command) for name, command in info.commands.items()},
    )


def result(command: str, device_name: str, ended: Result) -> Answer:
    """The answer to a command; `device_name` is empty for one to the gateway itself."""
    return Answer(
        command=command,
        device=device_name,
        status=ended.status,
        reason=ended.reason,
        rule=ended.rule,
        detail=ended.detail,
        values=dict(ended.values),
        bad=dict(ended.bad),
        confirm=ended.confirm,
        found=[dict(one) for one in ended.found],
    )


def readings(sample: Sample) -> bytes:
    """A line of the stream of samples."""
    values = dict(zip(sample.group.points, sample.values, strict=True))
    good = {name: value for name, value in values.items() if value is not None}
    return encode(Readings(sample.group.device, iso_ms(sample.time_ms), good, dict(sample.bad))) + b"\n"


def frame(seen: Frame) -> bytes:
    """A line of the stream of frames."""
    return encode(seen) + b"\n"


def progress(told: Progress) -> bytes:
    """A line of a scan; what an adapter says in it must be JSON-like."""
    left_s = round(told.left_s, 1)
    found = [dict(one) for one in told.found]
    return encode(ProgressLine(told.done, told.total, left_s, told.at, found, list(told.notes))) + b"\n"


def missed(count: int) -> bytes:
    """A line of both."""
    return encode(Missed(count)) + b"\n"


def chunks(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Lines put together, each chunk hardly larger than its bound."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= CHUNK_BYTES:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def _point(info: PointInfo, known: Reading | None) -> Point:
    point = Point(
        type=info.type,
        kind=info.kind,
        unit=info.unit,
        writable=info.writable,
        min=UNSET if info.write_min is None else info.write_min,
        max=UNSET if info.write_max is None else info.write_max,
        enum={str(raw): label for raw, label in info.enum.items()} if info.enum else UNSET,
        confirm=info.guards.confirm or UNSET,
    )
    if known is not None:
        point.time = iso_ms(known.time_ms)
        point.value = UNSET if known.value is None else known.value
        point.bad = UNSET if known.bad is None else known.bad
    return point


def _command(info: CommandInfo) -> NamedCommand:
    args = {name: _argument(argument) for name, argument in info.args.items()}
    return NamedCommand(info.description, info.guards.confirm, args)


def _argument(info: ArgumentInfo) -> Argument:
    return Argument(
        kind=info.kind,
        min=UNSET if info.min is None else info.min,
        max=UNSET if info.max is None else info.max,
        choices=list(info.choices) or UNSET,
        max_length=info.max_length or UNSET,
        pattern=info.pattern or UNSET,
        default=UNSET if info.default is None else info.default,
        unit=info.unit or UNSET,
        description=info.description or UNSET,
    )
