"""Where samples and statuses enter the house: they go to every endpoint's door, and the core adds what it knows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog
from msgspec.structs import replace

from gateway.adapter.errors import DETAIL_CHARS, Unkept
from gateway.freshness import DeviceStates, Freshness, all_bad
from gateway.intake import Intake
from gateway.latest import Latest
from gateway.model import BadReason, DeviceInfo, DeviceState, DeviceStatus, Notice, Sample
from gateway.notices import Notices
from gateway.outbox.outbox import Outbox

log = structlog.get_logger("fieldgate.field")


class Field:
    """The core's end of every adapter: an Emit."""

    def __init__(self, devices: Mapping[str, DeviceInfo], now_ms: Callable[[], int]) -> None:
        self._loop = asyncio.get_running_loop()
        self._now_ms = now_ms
        self._freshness = Freshness(devices.values(), self._loop.time())
        self._intakes: Sequence[Intake] = ()
        self._outboxes: Sequence[Outbox] = ()
        self.states = DeviceStates(devices, now_ms())
        self.latest = Latest()
        self._notices = Notices()

    def open_to(self, intakes: Sequence[Intake], outboxes: Sequence[Outbox]) -> None:
        """Say where everything goes from now on."""
        self._intakes, self._outboxes = intakes, outboxes

    def __call__(self, item: Sample | DeviceStatus | Notice, /) -> None:
        """Take it without waiting."""
        if isinstance(item, Sample):
            if item.partial and item.is_empty:
                return
            self._freshness.heard(item.group, self._loop.time())
            self.latest.put(item)
            for intake in self._intakes:
                intake.sample(item)
        elif isinstance(item, Notice):
            self._log(item)
        elif self.states.changed(_short(item)):
            status = self.states.current[item.device]
            log.info("device", device=item.device, state=status.state.value, reason=status.reason, detail=status.detail)
            self._tell(status)

    async def durable(self, sample: Sample, /) -> None:
        """Take it, and return once it is on disk wherever any of it goes; raises Unkept if one could not keep it."""
        since = [outbox.next_id for outbox in self._outboxes]
        self(sample)
        concerned = [each for each in zip(self._outboxes, since, strict=True) if each[0].next_id > each[1]]
        for outbox, first_id in concerned:
            if not await outbox.flush(first_id):
                raise Unkept(f"the outbox {outbox.name} had no room for it")

    def link_down(self, link: str) -> None:
        """Its adapter is gone: every point on it is bad until it answers again."""
        now_ms = self._now_ms()
        for info in self.states.on_link(link):
            if self.states.current[info.device].reason == BadReason.NO_LINK:
                continue
            for group in info.groups:
                self._say(all_bad(group, BadReason.NO_LINK, now_ms))
            self(DeviceStatus(info.device, DeviceState.OFFLINE, now_ms, BadReason.NO_LINK.value))

    async def watch(self) -> None:
        """Say `stale` of points that nobody has spoken about for too long, until cancelled."""
        while True:
            await asyncio.sleep(self._freshness.next_check_s(self._loop.time()))
            for group in self._freshness.turned_stale(self._loop.time()):
                self._say(all_bad(group, BadReason.STALE, self._now_ms()))

    def _say(self, sample: Sample) -> None:
        """The core's own word: it does not count as having heard of the device."""
        self.latest.put(sample)
        for intake in self._intakes:
            intake.sample(sample)

    def _log(self, notice: Notice) -> None:
        """For people only: what machines need is in samples and statuses."""
        left_out = self._notices.admit(notice.device, self._loop.time())
        if left_out is not None:
            say = log.info if notice.mended else log.warning
            say("notice", device=notice.device, text=notice.text[:DETAIL_CHARS], left_out=left_out or None)

    def _tell(self, status: DeviceStatus) -> None:
        for intake in self._intakes:
            intake.device_status(status)


def _short(status: DeviceStatus) -> DeviceStatus:
    """Its detail may hold what a device has sent: as much of it as can be read; None rather than empty."""
    if status.detail is None or 0 < len(status.detail) <= DETAIL_CHARS:
        return status
    return replace(status, detail=status.detail[:DETAIL_CHARS] or None)
