"""The fieldgate envelope: every kind of message as UTF-8 JSON without white space. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from gateway.model import (
    LAST_MS,
    ArgumentInfo,
    Bad,
    CommandInfo,
    DeviceInfo,
    DeviceStatus,
    Gap,
    PointInfo,
    Result,
    Sample,
    Value,
)
from gateway.units import format_duration

VERSION = 1

UNSYNCED, CORRECTED = b',"clock":"unsynced"', b',"clock":"corrected"'
"""Directly behind an envelope's time: it was stamped by a clock that was not synchronised, or mended afterwards."""

_encode = msgspec.json.Encoder().encode


def iso_ms(time_ms: int) -> str:
    """UTC with milliseconds: `2026-11-23T09:01:02.345Z`, in the years from 1970 to 9999 whatever the number."""
    seconds, ms = divmod(min(max(0, time_ms), LAST_MS), 1000)
    return f"{_iso_second(seconds)}.{ms:03d}Z"


_last_second: tuple[int, str] = (0, "1970-01-01T00:00:00")


def _iso_second(second: int) -> str:
    """Many envelopes share a second: the last one's text is kept."""
    global _last_second  # noqa: PLW0603 -- a memo of a pure function
    if second != _last_second[0]:
        _last_second = (second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    return _last_second[1]


class Encoder:
    """Writes the envelopes of one endpoint (`stream`) in one session, marked while the clock is not `synced`."""

    def __init__(self, gateway: str, stream: str, session: int, *, synced: bool = True) -> None:
        self._head = {"v": VERSION, "gateway": gateway, "stream": stream, "session": session}
        self._synced = synced
        self.growth_bytes = 0 if synced else len(CORRECTED) - len(UNSYNCED)
        """What setting its times right will add to an envelope."""
        self._readings: dict[str, bytes] = {}

    def clock_is_right(self) -> None:
        """From now on nothing is marked."""
        self._synced = True
        self.growth_bytes = 0
        self._readings.clear()

    def reading(
        self, seq: int, device: str, time_ms: int, values: Mapping[str, Value], bad: Mapping[str, Bad]
    ) -> bytes:
        """The values of one device at one moment; `bad` is left out when empty."""
        template = self._readings.get(device) or self._reading_template(device)
        body = template % (seq, iso_ms(time_ms).encode(), _encode(values))
        return body[:-1] + b',"bad":' + _encode(bad) + b"}" if bad else body

    def _reading_template(self, device: str) -> bytes:
        head = self._head
        clock = "" if self._synced else UNSYNCED.decode()
        template = (
            f'{{"v":{VERSION},"kind":"reading","gateway":"{head["gateway"]}","stream":"{head["stream"]}",'
            f'"session":{head["session"]},"seq":%d,"device":"{device}","time":"%b"{clock},"values":%b}}'
        ).encode()
        self._readings[device] = template
        return template

    def sample(self, seq: int, sample: Sample) -> bytes:
        """A whole sample: every point that it tells, good or bad."""
        group = sample.group
        values: Mapping[str, Any] = dict(zip(group.points, sample.values, strict=True))
        if sample.bad:
            values = {name: value for name, value in values.items() if name not in sample.bad}
        if sample.partial:
            values = {name: value for name, value in values.items() if value is not None}
        return self.reading(seq, group.device, sample.time_ms, values, sample.bad)

    def device_status(self, seq: int, time_ms: int, status: DeviceStatus) -> bytes:
        """A device's state, why, and since when."""
        return self._envelope(
            "status",
            seq,
            time_ms,
            device=status.device,
            state=status.state,
            reason=status.reason,
            detail=status.detail,
            since=iso_ms(status.since_ms),
        )

    def gateway_status(self, seq: int, time_ms: int, state: str, facts: Mapping[str, Any]) -> bytes:
        """The gateway's own state with what its operators ask first."""
        return self._envelope("status", seq, time_ms, state=state, **facts)

    def gateway_birth(self, seq: int, time_ms: int, facts: Mapping[str, Any]) -> bytes:
        """What this gateway is and serves."""
        return self._envelope("birth", seq, time_ms, **facts)

    def device_birth(self, seq: int, time_ms: int, info: DeviceInfo) -> bytes:
        """What a device is, with all its points."""
        return self._envelope(
            "birth",
            seq,
            time_ms,
            device=info.device,
            link=info.link,
            address=info.address,
            labels=dict(info.labels) or None,
            points={name: _point(point) for name, point in info.points.items()},
            commands={name: _command(command) for name, command in info.commands.items()} or None,
            every=_every(info.every_s),
        )

    def result(self, seq: int, time_ms: int, device: str, command: str | None, result: Result) -> bytes:
        """The answer to a command; `device` is empty for one to the gateway itself."""
        return self._envelope(
            "result",
            seq,
            time_ms,
            device=device,
            command=command,
            status=result.status,
            reason=result.reason,
            rule=result.rule,
            detail=result.detail,
            confirm=result.confirm,
            found=list(result.found) or None,
            values=dict(result.values) or None,
            bad=dict(result.bad) or None,
        )

    def gap(self, seq: int, time_ms: int, gap: Gap) -> bytes:
        """Which readings are lost and why; `from` and `to` are null when never assigned."""
        body: dict[str, Any] = {
            "from": gap.first_seq,
            "to": gap.last_seq,
            "first": iso_ms(gap.first_ms),
            "last": iso_ms(gap.last_ms),
        }
        body |= {"count": gap.count, "reason": gap.reason}
        if gap.lost_session is not None:
            body["lost_session"] = gap.lost_session
        return _encode(self._common("gap", seq, time_ms, gap.device or "") | body)

    def _envelope(self, kind: str, seq: int, time_ms: int, device: str = "", **body: Any) -> bytes:
        """The common head and those of the body's members that are not None."""
        facts = {name: value for name, value in body.items() if value is not None}
        return _encode(self._common(kind, seq, time_ms, device) | facts)

    def _common(self, kind: str, seq: int, time_ms: int, device: str) -> dict[str, Any]:
        head = self._head
        about = {"device": device} if device else {}
        clock = {} if self._synced else {"clock": "unsynced"}
        return {
            "v": VERSION,
            "kind": kind,
            "gateway": head["gateway"],
            "stream": head["stream"],
            "session": head["session"],
            "seq": seq,
            **about,
            "time": iso_ms(time_ms),
            **clock,
        }


def last_will(gateway: str) -> bytes:
    """What the broker says for us when the connection is lost: outside any stream, so without identity."""
    return _encode(
        {"v": VERSION, "kind": "status", "gateway": gateway, "state": "offline", "reason": "connection-lost"}
    )


def _point(point: PointInfo) -> dict[str, Any]:
    limits = {"min": point.write_min, "max": point.write_max}
    facts = {
        "type": point.type,
        "unit": point.unit,
        "enum": {str(raw): label for raw, label in point.enum.items()} if point.enum else None,
        "range": list(point.range) if point.range else None,
        "writable": point.writable or None,
        "limits": {name: value for name, value in limits.items() if value is not None} or None,
        "confirm": point.guards.confirm or None,
        "every": _every(point.every_s),
        "labels": dict(point.labels) or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _every(every_s: float) -> str | None:
    """None of what is not polled."""
    return format_duration(every_s) if every_s else None


def _command(command: CommandInfo) -> dict[str, Any]:
    facts = {
        "description": command.description or None,
        "confirm": command.guards.confirm or None,
        "args": {name: _argument(argument) for name, argument in command.args.items()} or None,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _argument(argument: ArgumentInfo) -> dict[str, Any]:
    facts = {
        "kind": argument.kind,
        "min": argument.min,
        "max": argument.max,
        "choices": list(argument.choices) or None,
        "max_length": argument.max_length,
        "pattern": argument.pattern,
        "default": argument.default,
        "unit": argument.unit,
        "description": argument.description or None,
    }
    return {name: value for name, value in facts.items() if value is not None}
