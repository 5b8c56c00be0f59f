"""From the outbox to the endpoint, connection after connection: nothing is forgotten before it is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway.attached import Attached
from gateway.clock import boot_ms, now_ms
from gateway.crowd import Crowd
from gateway.endpoints.contract import Ack, Delivery, Endpoint, EndpointError, Renewed
from gateway.endpoints.payload import iso_ms
from gateway.flow import Flow
from gateway.greeting import Greeting
from gateway.judge import CUT_REASON, Judge
from gateway.lanes import RETAINED_KINDS
from gateway.model import Wishes
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from gateway.outbox.retained import Retained
from gateway.pace import TokenBucket
from gateway.refusals import Verdict

NO_CODE = 0
"""The far end has said nothing."""


class Relay:
    """One endpoint's connections, one at a time; it is the endpoint's Session.

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
        self.is_renewing = False
        """Between two connections, the first of which has ended in good order for the second to begin at once."""
        self.on_presence: Callable[[bool], None] = lambda _: None
        """Called when a connection begins, and when it is over."""
        self.on_limit: Callable[[int], None] = lambda _: None
        """Called with the largest message that the far end takes, in bytes, when it has said so."""
        self.delivered = 0
        self.crowd = Crowd(lambda: len(self._flow.lanes.first) if self._flow is not None else 0)
        self._outbox = outbox
        self._greeting = Greeting(announce, retained)
        self._retained = retained
        self._on_delivery = on_delivery
        self._on_wishes = on_wishes
        self._facts = facts
        self._attached: Attached | None = None
        self._flow: Flow | None = None
        """While there is a connection."""
        self._on_progress: Callable[[], None] = lambda: None
        self._changed = asyncio.Event()
        self._idle: asyncio.Event | None = None
        self._bucket = TokenBucket(backlog_rate)
        self._strict = strict
        self._judge = Judge(outbox.name, asyncio.get_running_loop().time, in_order=strict)
        self._renewal: str | None = None
        self._connected_boot_ms = self._ahead_ms = 0
        """When the connection began, on the clock that never jumps; what the system's is ahead of that."""
        outbox.on_commit = self._changed.set
        outbox.on_found = self._found

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
            self._attached, flow = None, self._flow
            self._disconnected()
            if flow is not None:
                await flow.left()

    async def _set_aside_what_it_cuts_for(self) -> None:
        for entry in self._judge.cut(self._flow.window.in_flight if self._flow is not None else {}):
            await self._outbox.set_aside(entry, NO_CODE, CUT_REASON)

    def connected(self, window: int, max_bytes: int) -> None:
        """A connection begins: what was staged before it is backlog, except what never waits."""
        attached, outbox = self._attached, self._outbox
        assert attached is not None
        self._judge.begin()
        flow = Flow(outbox, attached, self._judge, self._bucket, self._changed, window=window, strict=self._strict)
        outbox.max_payload = max_bytes
        self.on_limit(max_bytes)
        outbox.tell_losses()
        flow.begin(self._greeting.said_first(are_kept=attached.endpoint.keeps_announcements))
        self._flow, outbox.on_ready = flow, flow.offer
        self.is_renewing, self._connected_boot_ms = False, boot_ms()
        self.clock_is_right()
        self.on_presence(True)
        flow.pump()
        if self._renewal is not None:
            asyncio.get_running_loop().call_soon(self.renew, self._renewal)

    def acknowledged(self, acks: Sequence[Ack], /) -> None:
        """The far end has spoken about these messages."""
        flow = self._flow
        if flow is None:
            return
        for ack in acks:
            entry = flow.taken(ack.token)
            if entry is None:
                continue
            if ack.code == 0:
                self._delivered(entry, flow)
            else:
                self._refused(entry, ack, flow)
        flow.go_on()
        self.crowd.left()
        if self._idle is not None:
            flow.flush()
            if flow.is_idle:
                self._idle.set()

    @property
    def connected_now(self) -> bool:
        """Whether messages may be published."""
        return self._flow is not None

    @property
    def connection(self) -> dict[str, Any] | None:
        """To whom, and since when."""
        if self._flow is None:
            return None
        return {"to": self._flow.attached.endpoint.peer, "since": iso_ms(self._connected_boot_ms + self._ahead_ms)}

    def clock_is_right(self, _moved_ms: int = 0) -> None:
        """The system's clock has been set, perhaps."""
        self._ahead_ms = now_ms() - boot_ms()

    @property
    def notes(self) -> list[str]:
        """What the far end does not take, and what else does not work with it, in sentences."""
        fault = self._flow.attached.endpoint.fault if self._flow is not None else None
        return [*self._judge.barred.notes(), *([fault] if fault else [])]

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
        if self._flow is None:
            self._renewal = reason
        else:
            self._flow.renew(reason)

    def pause(self) -> None:
        """Publish nothing more on this connection."""
        if self._flow is not None:
            self._flow.is_paused = True

    def wish(self, wishes: Wishes, /) -> Mapping[str, str]:
        """All that the far end wants now; what is not granted of it, and why."""
        return self._on_wishes(wishes)

    def facts(self) -> Mapping[str, Any]:
        """What the gateway says of itself."""
        return self._facts()

    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        """A courtesy copy of a result, while there is a connection."""
        if self._flow is not None:
            self._flow.attached.endpoint.reply(to, correlation, payload)

    def republish(self) -> None:
        """Tell the far end once more who we are."""
        if self._flow is not None:
            announced, under_way = self._greeting.announce(), self._flow.under_way()
            self._flow.tell([entry for entry in announced if entry.id not in under_way])
            self._flow.pump()

    async def drained(self) -> None:
        """Return once everything live has been acknowledged, or the connection is gone."""
        self._outbox.tell_losses()
        if self._outbox.commits_first:
            await self._outbox.flush()  # nothing is live before it is on disk
        while self.is_renewing or (self._flow is not None and not self._flow.is_idle):
            self._idle = asyncio.Event()
            if self._flow is not None:
                self._flow.flush()
            await self._idle.wait()

    @property
    def may_drain(self) -> bool:
        """Whether there is a connection, or will be at once."""
        return self.connected_now or self.is_renewing

    def _delivered(self, entry: Entry, flow: Flow) -> None:
        if self._judge.refusals.delivered(entry):
            self._on_progress()
        if self._judge.barred.taken(entry):
            self.renew("the far end takes again what it did not")
        self.delivered += 1
        self._outbox.acknowledged(entry)
        if entry.kind in RETAINED_KINDS:
            self._greeting.taken(entry)
        if not entry.payload:
            flow.attached.begin(self._retained.cleared(entry), "cleared")

    def _refused(self, entry: Entry, ack: Ack, flow: Flow) -> None:
        verdict = self._judge.refused(entry, ack, flow.unanswered)
        if verdict is Verdict.SET_ASIDE:
            flow.put_aside(entry, ack.code, ack.text)
        elif verdict is Verdict.ENDPOINT_AT_FAULT:
            flow.attached.fail(f"publish refused: {ack.text or hex(ack.code)}")

    def _found(self) -> None:
        """Rows have come to light that may be older than anything sent."""
        if self._flow is not None:
            self._flow.backlog.rewind()

    def _disconnected(self) -> None:
        self._flow, self._outbox.on_ready = None, _waits
        self.on_presence(False)
        self._judge.begin()
        self.crowd.left()
        if self._idle is not None:
            self._idle.set()


def _waits(_entry: Entry) -> None:
    """For the next connection, in the outbox."""
