"""From the outbox to the endpoint: live first, backlog paced, nothing forgotten before it is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from gateway.attached import Attached
from gateway.backlog import Backlog
from gateway.clock import now_ms
from gateway.crowd import Crowd
from gateway.endpoints.contract import Ack, Delivery, Endpoint, EndpointError, Message, Renewed
from gateway.endpoints.mending import mended
from gateway.endpoints.payload import iso_ms
from gateway.greeting import Greeting
from gateway.judge import CUT_REASON, Judge
from gateway.lanes import RETAINED_KINDS, Lanes
from gateway.model import Wishes
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from gateway.outbox.retained import Retained
from gateway.pace import TokenBucket
from gateway.refusals import Verdict
from gateway.window import Window

NO_CODE = 0
"""The far end has said nothing."""

TOO_LARGE = 0x95
"""Packet too large (MQTT 5, 2.4), said before it is sent."""


class Relay:
    """Order and window of one endpoint's outbox; it is the endpoint's Session.

    `announce()` returns what must go out first on every connection; `on_delivery` takes commands. `strict`: readings
    leave in the order in which they were staged, live ones behind the backlog.
    """

    def __init__(
        self,
        outbox: Outbox,
        backlog_rate: float,
        announce: Callable[[], Sequence[Entry]],
        retained: Retained,
        on_delivery: Callable[[Delivery], None],
        *,
        on_wishes: Callable[[Wishes], Mapping[str, str]],
        facts: Callable[[], Mapping[str, Any]],
        strict: bool = False,
    ) -> None:
        self.connected_now = False
        self.is_renewing = False
        """Between two connections, the first of which has ended in good order for the second to begin at once."""
        self.on_presence: Callable[[bool], None] = lambda _: None
        """Called when a connection begins, and when it is over."""
        self.on_limit: Callable[[int], None] = lambda _: None
        """Called with the largest message that the far end takes, in bytes, when it has said so."""
        self.delivered = 0
        self._outbox = outbox
        self._greeting = Greeting(announce, retained)
        self._retained = retained
        self._on_delivery = on_delivery
        self._on_wishes = on_wishes
        self._facts = facts
        self._attached: Attached | None = None
        self._on_progress: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self.crowd = Crowd(lambda: len(self._lanes.first))
        self._idle: asyncio.Event | None = None
        self._bucket = TokenBucket(backlog_rate)
        self._strict = strict
        self._judge = Judge(outbox.name, asyncio.get_running_loop().time, in_order=strict)
        self._renewal: str | None = None
        self._connected_ms = 0
        self._reset(0)
        outbox.on_ready = self.offer
        outbox.on_commit = self._changed.set
        outbox.on_found = self._found

    def _reset(self, window: int) -> None:
        """Of a connection only this survives it: what the far end had against which messages."""
        self._judge.begin()
        self._is_paused = False
        self._lanes = Lanes()
        self._window = Window(window)
        self._leaving = set[int]()
        """What is being put aside."""
        self._backlog = Backlog(self._outbox, self, self._lanes, self._bucket, self._changed, strict=self._strict)

    async def serve(self, endpoint: Endpoint, on_progress: Callable[[], None]) -> None:
        """Run one connection to its end; raises what ended it."""
        self._attached = Attached(endpoint, self._outbox.name)
        self._renewal = None
        self._on_progress = on_progress
        is_renewing = False
        try:
            await self._attached.run(self)
        except Renewed:
            is_renewing = True
            raise
        except EndpointError as error:
            if error.cut:
                await self._set_aside_what_it_cuts_for()
            raise
        finally:
            self.is_renewing = is_renewing
            self._attached = None
            self._disconnected()

    async def _set_aside_what_it_cuts_for(self) -> None:
        for entry in self._judge.cut(self._window.in_flight):
            await self._outbox.set_aside(entry, NO_CODE, CUT_REASON)

    def connected(self, window: int, max_bytes: int) -> None:
        """A connection begins: what was staged before it is backlog, except what never waits."""
        assert self._attached is not None
        self._reset(window)
        self._outbox.max_payload = max_bytes
        self.on_limit(max_bytes)
        self._outbox.tell_losses()
        self._tell(self._greeting.said_first(are_kept=self._attached.endpoint.keeps_announcements))
        self._backlog.begin()
        self.is_renewing, self.connected_now, self._connected_ms = False, True, now_ms()
        self.on_presence(True)
        self._attached.begin(self._backlog.run(), "backlog")
        self.pump()
        if self._renewal is not None:
            asyncio.get_running_loop().call_soon(self.renew, self._renewal)

    def offer(self, entry: Entry) -> None:
        """An envelope may be published now; a reading from before this connection comes as backlog."""
        if not self.connected_now or entry.id < self._backlog.begun_at:
            self._offer_late(entry)
            return
        if entry.is_reading:
            self._lanes.live.append(entry)
            if self._lanes.held:
                self._backlog.holds_back()
            if self._lanes.overflow:
                self._backlog.spill(self._lanes.spill())
        else:
            self._lanes.first.append(entry)
        if not self._judge.refusals.suspects and len(self._window.in_flight) < self._window.live_size:
            self.pump()

    def _offer_late(self, entry: Entry) -> None:
        """A result or the like that got on disk after the connection began; readings come as backlog."""
        if not self.connected_now or entry.is_reading or entry.done or not self._lanes.untold([entry]):
            return
        if entry.kind in RETAINED_KINDS or not self._backlog.keeps(entry):
            self._lanes.tell([entry])
            self.pump()

    def pump(self) -> None:
        """Publish while the window has room: live envelopes, of them readings last, then the backlog."""
        if self._is_paused:
            return
        judge = self._judge
        if judge.refusals.suspects:
            self._try_suspect(judge.refusals.suspect)
            return
        if judge.is_concerned and not self._others_may_go():
            return
        lanes, in_flight = self._lanes, self._window.in_flight
        room = 1 if judge.cuts.is_wary else self._window.live_size
        for lane in (lanes.first,) if lanes.held or judge.cuts.holds_readings else (lanes.first, lanes.live):
            while lane and len(in_flight) < room:
                entry = lane.popleft()
                if not entry.done or entry.kind in RETAINED_KINDS:
                    self._send(entry)
        if lanes.old or lanes.held:
            self._backlog.pump()

    def _others_may_go(self) -> bool:
        """Beside what the far end may have cut connections for, which is tried alone when its time has come."""
        cuts, lanes, in_flight = self._judge.cuts, self._lanes, self._window.in_flight
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
        self._flush()
        return not in_flight

    def acknowledged(self, acks: Sequence[Ack], /) -> None:
        """The far end has spoken about these messages."""
        for ack in acks:
            entry = self._window.take(ack.token)
            if entry is None:
                continue
            self._judge.answered(entry)
            if ack.code == 0:
                self._delivered(entry)
            else:
                self._refused(entry, ack)
        self.pump()
        if self._is_paused:
            self._end_if_drained()
        self.crowd.left()
        if self._backlog.needs_room:
            self._changed.set()
        if self._idle is not None:
            self._flush()
            if self._is_idle:
                self._idle.set()

    @property
    def connection(self) -> dict[str, Any] | None:
        """To whom, and since when."""
        if not self.connected_now or self._attached is None:
            return None
        return {"to": self._attached.endpoint.peer, "since": iso_ms(self._connected_ms)}

    @property
    def notes(self) -> list[str]:
        """What the far end does not take, in sentences."""
        return self._judge.barred.notes()

    @property
    def said_goodbye(self) -> bool:
        """Whether the far end has acknowledged the gateway's last word."""
        return self._greeting.is_over

    def say_goodbye(self, farewell: Entry) -> None:
        """This is the gateway's last word, which is staged already."""
        self._greeting.farewell = farewell

    def deliver(self, delivery: Delivery, /) -> None:
        """A command has arrived."""
        self._on_delivery(delivery)

    def renew(self, reason: str) -> None:
        """Begin anew once nothing is in flight; where a connection is being made, once it is there."""
        if not self.connected_now or self._attached is None:
            self._renewal = reason
        elif not self._attached.renew(reason):
            self.pause()
            self._flush()
            self._end_if_drained()

    def _end_if_drained(self) -> None:
        if self._attached is not None and not self._window.in_flight:
            self._attached.drained()

    def pause(self) -> None:
        """Publish nothing more on this connection."""
        self._is_paused = True

    def wish(self, wishes: Wishes, /) -> Mapping[str, str]:
        """All that the far end wants now; what is not granted of it, and why."""
        return self._on_wishes(wishes)

    def facts(self) -> Mapping[str, Any]:
        """What the gateway says of itself."""
        return self._facts()

    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        """A courtesy copy of a result, while there is a connection."""
        if self.connected_now and self._attached is not None:
            self._attached.endpoint.reply(to, correlation, payload)

    def republish(self) -> None:
        """Tell the far end once more who we are."""
        if self.connected_now:
            announced, under_way = self._greeting.announce(), self.under_way()
            self._tell([entry for entry in announced if entry.id not in under_way])
            self.pump()

    async def drained(self) -> None:
        """Return once everything live has been acknowledged, or the connection is gone."""
        self._outbox.tell_losses()
        if self._outbox.commits_first:
            await self._outbox.flush()  # nothing is live before it is on disk
        while self.is_renewing or (self.connected_now and not self._is_idle):
            self._idle = asyncio.Event()
            self._flush()
            await self._idle.wait()

    @property
    def may_drain(self) -> bool:
        """Whether there is a connection, or will be at once."""
        return self.connected_now or self.is_renewing

    def tell_old(self, entries: Sequence[Entry]) -> int:
        """Queue before all readings what was not told on this connection; how much is queued there now."""
        untold = self._lanes.untold(entries)
        for entry in untold:
            entry.fresh = False
        self._tell(untold)
        self.pump()
        return len(self._lanes.first)

    def expect_backlog(self, *, waits: bool) -> None:
        """Whether a share of the window is to be kept."""
        self._window.expect_backlog(waits=waits)

    def under_way(self) -> set[int]:
        """What is published and not acknowledged, or about to be."""
        queued = (entry.id for entry in self._lanes.first)
        return {*self._window.in_flight, *self._leaving, *queued, *self._judge.under_way()}

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
        if self._judge.refusals.suspects or self._is_paused or cuts.holds_readings:
            return 0
        if cuts.is_wary:
            return 1 - len(self._window.in_flight)
        return self._window.room_for_backlog(live_waits=self._lanes.wait)

    def send_backlog(self, entries: Sequence[Entry]) -> None:
        """Publish them: there is room."""
        for entry in entries:
            if not entry.done:
                self._send(entry)
        self._window.note_backlog(entry.id for entry in entries)

    @property
    def _is_idle(self) -> bool:
        """Whether nothing but backlog waits for an acknowledgement."""
        return not self._lanes.wait and self._window.holds_only_backlog

    def _tell(self, entries: Sequence[Entry]) -> None:
        """Queue what does not wait behind readings; what must be on disk first is offered when it is."""
        self._lanes.tell(entry for entry in entries if self._outbox.is_ready(entry))

    def _send(self, entry: Entry) -> None:
        if not self._judge.keeps(entry):
            self._transmit(entry)

    def _transmit(self, entry: Entry) -> None:
        assert self._attached is not None
        payload = entry.payload if entry.ahead_ms is None else self._mended(entry)
        if len(payload) > self._outbox.max_payload:
            self._judge.answered(entry)
            self._put_aside(entry, TOO_LARGE, f"larger than the endpoint takes ({self._outbox.max_payload} bytes)")
            return
        self._window.in_flight[entry.id] = entry
        retain = entry.kind in RETAINED_KINDS and self._lanes.may_retain(entry)
        self._attached.publish(Message(entry.id, entry.kind, entry.device, payload, retain))

    def _mended(self, entry: Entry) -> bytes:
        """With its times set right, if the clock is known to be right by now."""
        moved_ms = self._outbox.moved_ms(entry)
        return entry.payload if moved_ms is None else mended(entry.payload, entry.kind, entry.device, moved_ms)

    def _delivered(self, entry: Entry) -> None:
        if self._judge.refusals.delivered(entry):
            self._on_progress()
        if self._judge.barred.taken(entry):
            self.renew("the far end takes again what it did not")
        self.delivered += 1
        self._outbox.acknowledged(entry)
        if entry.kind in RETAINED_KINDS:
            self._greeting.taken(entry)
        if not entry.payload and self._attached is not None:
            self._attached.begin(self._retained.cleared(entry), "cleared")

    def _refused(self, entry: Entry, ack: Ack) -> None:
        lanes = self._lanes
        others = chain(self._window.in_flight.values(), lanes.first, lanes.live, lanes.old)
        verdict = self._judge.refused(entry, ack, others)
        if verdict is Verdict.SET_ASIDE:
            self._put_aside(entry, ack.code, ack.text)
        elif verdict is Verdict.ENDPOINT_AT_FAULT and self._attached is not None:
            self._attached.fail(f"publish refused: {ack.text or hex(ack.code)}")

    def _try_suspect(self, entry: Entry) -> None:
        """Alone in the window, so that its refusal can be nobody else's."""
        if not self._window.in_flight:
            self._transmit(entry)
        self._flush()

    def _flush(self) -> None:
        """Nothing comes that could travel with what the endpoint keeps back."""
        if self._attached is not None:
            self._attached.flush()

    def _put_aside(self, entry: Entry, code: int, reason: str) -> None:
        """Once, though what is told on every connection comes here on every connection."""
        if not entry.done and entry.id not in self._leaving and self._attached is not None:
            task = self._attached.begin(self._outbox.set_aside(entry, code, reason), "set-aside")
            if task is not None:
                self._leaving.add(entry.id)
                task.add_done_callback(lambda _: self._leaving.discard(entry.id))

    def _found(self) -> None:
        """Rows have come to light that may be older than anything sent."""
        if self.connected_now:
            self._backlog.rewind()

    def _disconnected(self) -> None:
        self.connected_now = False
        self.on_presence(False)
        self._reset(0)
        self.crowd.left()
        if self._idle is not None:
            self._idle.set()
