"""The fieldgate envelope: every kind of message. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from gateway.endpoints.payload.births import command_facts, every_of, point_facts
from gateway.endpoints.payload.times import iso_ms
from gateway.model import Bad, DeviceInfo, DeviceStatus, Gap, Result, Sample, Value

VERSION = 1

UNSYNCED, CORRECTED = b',"clock":"unsynced"', b',"clock":"corrected"'
"""Directly behind an envelope's time: it was stamped by a clock that was not synchronised, or mended afterwards."""

encode = msgspec.json.Encoder().encode


class Part(NamedTuple):
    """Which, from 1, of how many that together are the whole."""

    part: int
    parts: int


class Encoder:
    """Writes the envelopes of one endpoint (`stream`) in one session, marked while the clock is not `synced`."""

    def __init__(self, gateway: str, stream: str, session: int, *, synced: bool = True) -> None:
        self._gateway, self._stream, self._session = gateway, stream, session
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
        body = template % (seq, iso_ms(time_ms).encode(), encode(values))
        return body[:-1] + b',"bad":' + encode(bad) + b"}" if bad else body

    def _reading_template(self, device: str) -> bytes:
        template = self._readings[device] = self._template(device)
        return template

    def _template(self, device: str) -> bytes:
        """With places for the number, the time and the values."""
        clock = "" if self._synced else UNSYNCED.decode()
        return (
            f'{{"v":{VERSION},"kind":"reading","gateway":"{self._gateway}","stream":"{self._stream}",'
            f'"session":{self._session},"seq":%d,"device":"{device}","time":"%b"{clock},"values":%b}}'
        ).encode()

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

    def gateway_birth(self, seq: int, time_ms: int, facts: Mapping[str, Any], part: Part | None = None) -> bytes:
        """What this gateway is and serves."""
        return self._envelope("birth", seq, time_ms, **facts, **_marks(part))

    def device_birth(self, seq: int, time_ms: int, info: DeviceInfo, part: Part | None = None) -> bytes:
        """What a device is, with all its points."""
        return self._envelope(
            "birth",
            seq,
            time_ms,
            device=info.device,
            link=info.link,
            address=info.address,
            labels=dict(info.labels) or None,
            points={name: point_facts(point) for name, point in info.points.items()},
            commands={name: command_facts(command) for name, command in info.commands.items()} or None,
            every=every_of(info.every_s),
            **_marks(part),
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
        return self._written("gap", seq, time_ms, gap.device or "", body)

    def _envelope(self, kind: str, seq: int, time_ms: int, device: str = "", **body: Any) -> bytes:
        """The common head and those of the body's members that are not None."""
        facts = {name: value for name, value in body.items() if value is not None}
        return self._written(kind, seq, time_ms, device, facts)

    def _written(self, kind: str, seq: int, time_ms: int, device: str, facts: dict[str, Any]) -> bytes:
        return encode(self._common(kind, seq, time_ms, device) | facts)

    def _common(self, kind: str, seq: int, time_ms: int, device: str) -> dict[str, Any]:
        about = {"device": device} if device else {}
        clock = {} if self._synced else {"clock": "unsynced"}
        return {
            "v": VERSION,
            "kind": kind,
            "gateway": self._gateway,
            "stream": self._stream,
            "session": self._session,
            "seq": seq,
            **about,
            "time": iso_ms(time_ms),
            **clock,
        }


def _marks(part: Part | None) -> dict[str, Any]:
    return part._asdict() if part else {}


def will(gateway: str) -> bytes:
    """What the broker says when the connection is lost."""
    return encode({"v": VERSION, "kind": "status", "gateway": gateway, "state": "offline", "reason": "connection-lost"})
