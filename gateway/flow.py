"""What goes over one connection, and in which order: live first, backlog paced, doubtful messages alone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from itertools import chain

from gateway.attached import Attached
from gateway.backlog import Backlog
from gateway.endpoints.contract import Message
from gateway.endpoints.mending import mended
from gateway.judge import Judge
from gateway.lanes import RETAINED_KINDS, Lanes
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from gateway.pace import TokenBucket
from gateway.window import Window

TOO_LARGE = 0x95
"""Packet too large (MQTT 5, 2.4), said before it is sent."""


class Flow:
    """One connection's lanes and window: a fresh one for each, so that nothing of them outlives it.

    `judge` says which messages may go; `changed` tells of commits. `strict`: as the backlog has it.
    """

    def __init__(
        self,
        outbox: Outbox,
        attached: Attached,
        judge: Judge,
        bucket: TokenBucket,
        changed: asyncio.Event,
        *,
        window: int,
        strict: bool,
    ) -> None:
        self.attached = attached
        self.lanes = Lanes()
        self.window = Window(window)
        self.backlog = Backlog(outbox, self, self.lanes, bucket, changed, strict=strict)
        self.is_paused = False
        """Whether nothing more is to be published."""
        self._outbox = outbox
        self._judge = judge
        self._changed = changed
        self._leaving: dict[int, asyncio.Task[None]] = {}
        """What is being put aside."""

    def begin(self, first: Sequence[Entry]) -> None:
        """Publish these, and then what waits."""
        self.tell(first)
        self.backlog.begin()
        self.attached.begin(self.backlog.run(), "backlog")

    def offer(self, entry: Entry) -> None:
        """An envelope may be published now; a reading from before this connection comes as backlog."""
        if entry.id < self.backlog.begun_at:
            self._offer_late(entry)
            return
        if entry.is_reading:
            self.lanes.live.append(entry)
            if self.lanes.held:
                self.backlog.holds_back()
            if self.lanes.overflow:
                self.backlog.spill(self.lanes.spill())
        else:
            self.lanes.first.append(entry)
        if not self._judge.refusals.suspects and len(self.window.in_flight) < self.window.live_size:
            self.pump()

    def _offer_late(self, entry: Entry) -> None:
        """A result or the like that got on disk after the connection began; readings come as backlog."""
        if entry.is_reading or entry.done or not self.lanes.untold([entry]):
            return
        if entry.kind in RETAINED_KINDS or not self.backlog.keeps(entry):
            self.lanes.tell([entry])
            self.pump()

    def pump(self) -> None:
        """Publish while the window has room: live envelopes, of them readings last, then the backlog."""
        if self.is_paused:
            return
        judge = self._judge
        if judge.refusals.suspects:
            self._try_suspect(judge.refusals.suspect)
            return
        if judge.is_concerned and not self._others_may_go():
            return
        lanes, in_flight = self.lanes, self.window.in_flight
        room = 1 if judge.cuts.is_wary else self.window.live_size
        for lane in (lanes.first,) if lanes.held or judge.cuts.holds_readings else (lanes.first, lanes.live):
            while lane and len(in_flight) < room:
                entry = lane.popleft()
                if not entry.done or entry.kind in RETAINED_KINDS:
                    self._send(entry)
        if lanes.old or lanes.held:
            self.backlog.pump()

    def _others_may_go(self) -> bool:
        """Beside what the far end may have cut connections for, which is tried alone when its time has come."""
        cuts, lanes, in_flight = self._judge.cuts, self.lanes, self.window.in_flight
        lanes.first.extend(self._judge.due())
        if cuts.is_trying or (cuts.is_wary and in_flight):
            return False
        if not cuts.is_due(others_wait=lanes.wait or bool(lanes.old)):
            return True
        for entry in () if in_flight else cuts.trial():
            if entry.done and entry.kind not in RETAINED_KINDS:
                self._judge.answered(entry)
            else:
                self._transmit(entry)
        self.flush()
        return not in_flight

    def taken(self, token: int) -> Entry | None:
        """The far end has spoken about this one, so there is room for another; None if it was not in flight."""
        entry = self.window.take(token)
        if entry is not None:
            self._judge.answered(entry)
        return entry

    def go_on(self) -> None:
        """The far end has spoken: use the room that has made."""
        self.pump()
        if self.is_paused:
            self._end_if_drained()
        if self.backlog.needs_room:
            self._changed.set()

    def flush(self) -> None:
        """Nothing comes that could travel with what the endpoint keeps back."""
        self.attached.flush()

    def renew(self, reason: str) -> None:
        """Have the connection begin anew once nothing is in flight."""
        if not self.attached.renew(reason):
            self.is_paused = True
            self.flush()
            self._end_if_drained()

    def _end_if_drained(self) -> None:
        if not self.window.in_flight:
            self.attached.drained()

    def tell(self, entries: Sequence[Entry]) -> None:
        """Queue what does not wait behind readings; what must be on disk first is offered when it is."""
        self.lanes.tell(entry for entry in entries if self._outbox.is_ready(entry))

    def tell_old(self, entries: Sequence[Entry]) -> int:
        """Queue before all readings what was not told on this connection; how much is queued there now."""
        untold = self.lanes.untold(entries)
        for entry in untold:
            entry.fresh = False
        self.tell(untold)
        self.pump()
        return len(self.lanes.first)

    def expect_backlog(self, *, waits: bool) -> None:
        """Whether a share of the window is to be kept."""
        self.window.expect_backlog(waits=waits)

    def under_way(self) -> set[int]:
        """What is published and not acknowledged, or about to be."""
        queued = (entry.id for entry in self.lanes.first)
        return {*self.window.in_flight, *self._leaving, *queued, *self._judge.under_way()}

    def wanted(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of them that are not under way, nor wait for something else than room."""
        under_way, barred = self.under_way(), self._judge.barred
        return [entry for entry in entries if entry.id not in under_way and not barred.keeps(entry)]

    @property
    def keeps_back(self) -> bool:
        """Whether there may be some on disk that are not wanted."""
        return bool(self._judge.barred)

    def room_for_backlog(self) -> int:
        """How many there is room for now."""
        cuts = self._judge.cuts
        if self._judge.refusals.suspects or self.is_paused or cuts.holds_readings:
            return 0
        if cuts.is_wary:
            return 1 - len(self.window.in_flight)
        return self.window.room_for_backlog(live_waits=self.lanes.wait)

    def send_backlog(self, entries: Sequence[Entry]) -> None:
        """Publish them: there is room."""
        for entry in entries:
            if not entry.done:
                self._send(entry)
        self.window.note_backlog(entry.id for entry in entries)

    @property
    def is_idle(self) -> bool:
        """Whether nothing but backlog waits for an acknowledgement."""
        return not self.lanes.wait and self.window.holds_only_backlog

    @property
    def unanswered(self) -> Iterator[Entry]:
        """What is on its way, or waits in memory."""
        lanes = self.lanes
        return chain(self.window.in_flight.values(), lanes.first, lanes.live, lanes.old)

    def put_aside(self, entry: Entry, code: int, reason: str) -> None:
        """Once, though what is told on every connection comes here on every connection."""
        if not entry.done and entry.id not in self._leaving:
            work = self._outbox.set_aside(entry, code, reason)
            task = self._leaving[entry.id] = asyncio.create_task(work, name=f"set-aside:{self._outbox.name}")
            task.add_done_callback(lambda task: self._left(entry, task))

    async def left(self) -> None:
        """Return once all that is being put aside has gone: cut short it would be dead and still wait, with no gap."""
        while self._leaving:
            await asyncio.wait(self._leaving.values())

    def _left(self, entry: Entry, task: asyncio.Task[None]) -> None:
        del self._leaving[entry.id]
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            self.attached.end(error)

    def _send(self, entry: Entry) -> None:
        if not self._judge.keeps(entry):
            self._transmit(entry)

    def _transmit(self, entry: Entry) -> None:
        payload = entry.payload if entry.ahead_ms is None else self._mended(entry)
        if len(payload) > self._outbox.max_payload:
            self._judge.answered(entry)
            self.put_aside(entry, TOO_LARGE, f"larger than the endpoint takes ({self._outbox.max_payload} bytes)")
            return
        self.window.in_flight[entry.id] = entry
        retain = entry.kind in RETAINED_KINDS and self.lanes.may_retain(entry)
        self.attached.publish(Message(entry.id, entry.kind, entry.device, payload, retain))

    def _mended(self, entry: Entry) -> bytes:
        """With its times set right, if the clock is known to be right by now."""
        moved_ms = self._outbox.moved_ms(entry)
        return entry.payload if moved_ms is None else mended(entry.payload, entry.kind, entry.device, moved_ms)

    def _try_suspect(self, entry: Entry) -> None:
        """Alone in the window, so that its refusal can be nobody else's."""
        if not self.window.in_flight:
            self._transmit(entry)
        self.flush()
