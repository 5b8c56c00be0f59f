"""The door of one endpoint's outbox: everything is filtered, numbered and encoded here, once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from gateway.config.models import DEVICE_KINDS
from gateway.endpoints.payload import Encoder, fitting
from gateway.model import DeviceInfo, DeviceState, DeviceStatus, Gap, Result, Sample
from gateway.outbox.entry import READING, Entry
from gateway.outbox.outbox import Outbox
from gateway.report import ReportFilter, Selection

Facts = Callable[[], Mapping[str, Any]]


class Intake:
    """Turns what happens in the field into envelopes of one endpoint.

    Of the devices only `devices` and `kinds` get in, and what `report` lets through; of the gateway itself everything.
    `status_facts` and `birth_facts` give the members of the gateway's own envelopes. `departed()` names the devices
    whose leaving the far end has not been told.
    """

    def __init__(
        self,
        *,
        outbox: Outbox,
        encoder: Encoder,
        report: ReportFilter,
        devices: Mapping[str, DeviceInfo],
        status_facts: Facts,
        birth_facts: Facts,
        now_ms: Callable[[], int],
        kinds: Collection[str] = DEVICE_KINDS,
        departed: Callable[[], Collection[str]] = lambda: (),
    ) -> None:
        self._outbox = outbox
        self._encoder = encoder
        self._report = report
        self._devices = devices
        self._status_facts = status_facts
        self._birth_facts = birth_facts
        self._now_ms = now_ms
        self._kinds = frozenset(kinds)
        self._departed = departed
        self._since_ms = now_ms()
        self._births: list[Entry] = []
        self._born_for = 0
        self._statuses: dict[str, Entry] = {}
        self._farewells: dict[str, Entry] = {}
        outbox.on_gap = self.gap

    def takes(self, kind: str, device: str) -> bool:
        """Whether this endpoint is told so much of a device; `kind` is one of DEVICE_KINDS."""
        return kind in self._kinds and device in self._devices

    def clock_is_right(self, moved_ms: int) -> None:
        """The clock was set by so much since the start; from now on it is believed."""
        self._encoder.clock_is_right()
        self._since_ms += moved_ms

    def sample(self, sample: Sample) -> None:
        """Stage what is due of a sample; never waits."""
        chosen = self._report.select(sample)
        if chosen is None:
            return
        outbox, group = self._outbox, sample.group
        if isinstance(chosen, Selection):
            payload = self._encoder.reading(outbox.next_seq, group.device, sample.time_ms, chosen.values, chosen.bad)
        else:
            payload = self._encoder.sample(outbox.next_seq, chosen)
        if len(payload) + self._encoder.growth_bytes > outbox.max_payload and len(group.points) > 1:
            self._split(group.device, sample.time_ms, _selection(chosen))
        else:
            outbox.stage(READING, group.device, payload, sample.time_ms)

    def _split(self, device: str, time_ms: int, chosen: Selection) -> None:
        """What is too large for the far end goes in halves, each with its own number; a single point stays whole."""
        points = [*chosen.values, *chosen.bad]
        middle = (len(points) + 1) // 2
        for half in (points[:middle], points[middle:]):
            part = _part(chosen, half)
            payload = self._encoder.reading(self._outbox.next_seq, device, time_ms, part.values, part.bad)
            if len(payload) + self._encoder.growth_bytes > self._outbox.max_payload and len(half) > 1:
                self._split(device, time_ms, part)
            elif half:
                self._outbox.stage(READING, device, payload, time_ms)

    def device_status(self, status: DeviceStatus) -> None:
        """Stage a device's new state; the newest is told again on each connection."""
        if not self.takes("statuses", status.device):
            return
        payload = self._encoder.device_status(self._outbox.next_seq, self._now_ms(), status)
        self._statuses[status.device] = self._outbox.stage("status", status.device, payload)

    def gateway_status(self, state: str, **facts: Any) -> Entry:
        """Stage the gateway's own state."""
        body, seq, now_ms = {**self._status_facts(), **facts}, self._outbox.next_seq, self._now_ms()
        payload = fitting.status(partial(self._encoder.gateway_status, seq, now_ms, state), body, self._limit)
        return self._outbox.stage("status", "", payload)

    def gap(self, gap: Gap) -> None:
        """Stage the word that readings were lost; afterwards every point is reported once more.

        Where no readings go, nobody misses any: what else is lost is counted in the gateway's status.
        """
        if "readings" not in self._kinds:
            return
        payload = self._encoder.gap(self._outbox.next_seq, self._now_ms(), gap)
        self._outbox.stage("gap", gap.device or "", payload)
        self._report.forget()

    def result(self, device: str, command: str | None, result: Result) -> Entry:
        """A numbered result, not staged yet: it shares a transaction with the end of its command."""

        def encode(seq: int) -> bytes:
            write = partial(self._encoder.result, seq, self._now_ms(), device, command)
            return fitting.result(write, result, self._limit)

        return self._outbox.numbered("result", device, encode)

    def announce(self) -> list[Entry]:
        """What must go out first on every connection: the gateway's status, the births, the devices' states.

        Births and states are told again under their first identity: to the far end they are duplicates. Only if it now
        takes less than a birth has are births written anew. Devices that left come last, until that is acknowledged.
        """
        if not self._births or self._births_outgrow():
            self._births = self._stage_births()
        for device in [name for name in self._devices if name not in self._statuses]:
            self.device_status(DeviceStatus(device, DeviceState.UNKNOWN, self._since_ms))
        farewells = [entry for entry in self._say_farewells() if not entry.done]
        return [self.gateway_status("online"), *self._births, *self._statuses.values(), *farewells]

    def _say_farewells(self) -> Collection[Entry]:
        """The last states, staged once. No topic is to keep them: it is cleared."""
        for device in self._departed() if "statuses" in self._kinds else ():
            if device not in self._farewells:
                status = DeviceStatus(device, DeviceState.REMOVED, self._since_ms)
                payload = self._encoder.device_status(self._outbox.next_seq, self._now_ms(), status)
                entry = self._farewells[device] = self._outbox.stage("status", device, payload)
                entry.fresh = False
        return self._farewells.values()

    def _births_outgrow(self) -> bool:
        """Whether a birth that could be told could not be any more."""
        limit = self._limit
        return limit < self._born_for and any(limit < len(birth.payload) <= self._born_for for birth in self._births)

    def _stage_births(self) -> list[Entry]:
        outbox, encoder, now_ms, limit = self._outbox, self._encoder, self._now_ms(), self._limit
        self._born_for = limit
        own = fitting.gateway_births(encoder, outbox.next_seq, now_ms, self._birth_facts(), limit)
        births = [outbox.stage("birth", "", payload) for payload in own]
        for device, info in self._devices.items() if "births" in self._kinds else ():
            parts = fitting.device_births(encoder, outbox.next_seq, now_ms, info, limit)
            births += [outbox.stage("birth", device, payload) for payload in parts]
        return births

    @property
    def _limit(self) -> int:
        """How large an envelope may be, in bytes, so that it can also be mended."""
        return self._outbox.max_payload - self._encoder.growth_bytes


def _selection(chosen: Sample | Selection) -> Selection:
    if isinstance(chosen, Selection):
        return chosen
    values = {name: value for name, value in zip(chosen.group.points, chosen.values, strict=True) if value is not None}
    return Selection(values, chosen.bad)


def _part(chosen: Selection, points: Sequence[str]) -> Selection:
    values = {name: chosen.values[name] for name in points if name in chosen.values}
    return Selection(values, {name: chosen.bad[name] for name in points if name in chosen.bad})
