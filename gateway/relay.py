"""From the outbox to the endpoint: live first, backlog paced, nothing forgotten before it is acknowledged."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from gateway.endpoints.contract import Ack, Delivery, Endpoint, EndpointError, Message
from gateway.outbox.entry import Entry
from gateway.outbox.outbox import Outbox
from gateway.outbox.retained import Retained
from gateway.pace import TokenBucket

BACKLOG_BATCH = 100
"""Envelopes read from disk at once: enough to keep a full window busy, little memory."""

BACKLOG_SHARE = 10
"""The backlog keeps a tenth of the window when live readings saturate the uplink (design: the outbox)."""

LIVE_LIMIT = 10_000
"""Envelopes the live lane keeps in memory; older ones that are on disk then wait as backlog."""

MESSAGE_TRIES = 3
"""How often a refused message is tried alone before it is set aside (design: refusals)."""

ENDPOINT_REFUSALS = 3
"""Different messages refused in a row: the fault is the endpoint's, not theirs (design: refusals)."""

RETAINED_KINDS = frozenset({"status", "birth"})

log = structlog.get_logger("fieldgate.relay")


class Relay:
    """Order and window of one endpoint's outbox; it is the endpoint's Session.

    `announce()` returns what must go out first on every connection; `on_delivery` takes commands.
    """

    def __init__(
        self,
        outbox: Outbox,
        backlog_rate: float,
        announce: Callable[[], Sequence[Entry]],
        retained: Retained,
        on_delivery: Callable[[Delivery], None],
    ) -> None:
        self.connected_now = False
        self.delivered = 0
        self.farewell: Entry | None = None
        """The gateway's last word, once it has been said."""
        self._outbox = outbox
        self._announce = announce
        self._retained = retained
        self._on_delivery = on_delivery
        self._endpoint: Endpoint | None = None
        self._on_progress: Callable[[], None] = lambda: None
        self._first: deque[Entry] = deque()
        self._live: deque[Entry] = deque()
        self._told: set[int] = set()
        self._late: list[Entry] | None = None
        self._in_flight: dict[int, Entry] = {}
        self._backlog_in_flight: set[int] = set()
        self._suspects: deque[Entry] = deque()
        self._refused_in_row: set[int] = set()
        self._window = 0
        self._max_bytes = 0
        self._begin = self._boundary = 0
        self._backlog_pending = self._needs_room = False
        self._changed = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._fault: asyncio.Future[EndpointError] | None = None
        self._idle: asyncio.Event | None = None
        self._bucket = TokenBucket(backlog_rate)
        outbox.on_ready = self.offer
        outbox.on_commit = self._changed.set

    async def serve(self, endpoint: Endpoint, on_progress: Callable[[], None]) -> None:
        """Run one connection to its end; raises what ended it."""
        self._endpoint = endpoint
        self._on_progress = on_progress
        self._fault = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._watch_fault(self._fault), name=f"fault:{self._outbox.name}")
                await endpoint.run(self)
                raise EndpointError("the connection ended")
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            self._endpoint = self._tasks = self._fault = None
            self._disconnected()

    @staticmethod
    async def _watch_fault(fault: asyncio.Future[EndpointError]) -> None:
        raise await fault

    def connected(self, window: int, max_bytes: int) -> None:
        """A connection begins: what was staged before it is backlog, except what never waits."""
        assert self._tasks is not None
        self._window, self._max_bytes = window, max_bytes
        self._tell([*self._announce(), *self._retained.clearings()])
        self._begin = self._boundary = self._outbox.next_id
        self._late = []
        self.connected_now = True
        self._tasks.create_task(self._serve_waiting(self._begin), name=f"backlog:{self._outbox.name}")
        self.pump()

    def offer(self, entry: Entry) -> None:
        """An envelope may be published now; a reading from before this connection comes as backlog."""
        if not self.connected_now or (entry.id < self._begin and not self._is_late(entry)):
            return
        if entry.is_reading:
            self._live.append(entry)
            if len(self._live) > LIVE_LIMIT:
                self._spill()
        else:
            self._first.append(entry)
        if not self._suspects and len(self._in_flight) < self._live_window():
            self.pump()

    def pump(self) -> None:
        """Publish live envelopes while the window has room, readings last."""
        if self._suspects:
            self._try_suspect()
            return
        room = self._live_window()
        for lane in (self._first, self._live):
            while lane and len(self._in_flight) < room:
                entry = lane.popleft()
                if not entry.done or entry.kind in RETAINED_KINDS:
                    self._send(entry)

    def acknowledged(self, acks: Sequence[Ack], /) -> None:
        """The far end has spoken about these messages."""
        for ack in acks:
            entry = self._in_flight.pop(ack.token, None)
            if entry is None:
                continue
            self._backlog_in_flight.discard(ack.token)
            if ack.code == 0:
                self._delivered(entry)
            else:
                self._refused(entry, ack)
        self.pump()
        if self._needs_room:
            self._changed.set()
        if self._idle is not None and self._is_idle():
            self._idle.set()

    @property
    def said_goodbye(self) -> bool:
        """Whether the far end has acknowledged the gateway's last word."""
        return self.farewell is not None and self.farewell.done

    def deliver(self, delivery: Delivery, /) -> None:
        """A command has arrived."""
        self._on_delivery(delivery)

    def reply(self, to: str, correlation: bytes | None, payload: bytes) -> None:
        """A courtesy copy of a result, while there is a connection."""
        if self.connected_now and self._endpoint is not None:
            self._endpoint.reply(to, correlation, payload)

    def republish(self) -> None:
        """Tell the far end once more who we are."""
        if self.connected_now:
            announced, under_way = self._announce(), self._under_way()
            self._tell([entry for entry in announced if entry.id not in under_way])
            self.pump()

    async def drained(self) -> None:
        """Return once everything live has been acknowledged, or the connection is gone."""
        if self._outbox.commits_first:
            await self._outbox.flush()
        if self.connected_now and not self._is_idle():
            self._idle = asyncio.Event()
            await self._idle.wait()

    def _is_idle(self) -> bool:
        """Whether nothing but backlog waits for an acknowledgement."""
        return not (self._first or self._live) and len(self._in_flight) <= len(self._backlog_in_flight)

    def _tell(self, entries: Sequence[Entry]) -> None:
        """Queue what does not wait behind readings; what must be on disk first is offered when it is."""
        ready = [entry for entry in entries if self._outbox.is_ready(entry)]
        self._told.update(entry.id for entry in ready)
        self._first.extend(ready)

    def _is_late(self, entry: Entry) -> bool:
        """A result or the like that got on disk after the connection began, and was not told on it yet."""
        if entry.is_reading or entry.done or entry.id in self._told:
            return False
        if self._late is not None and entry.kind not in RETAINED_KINDS:
            self._late.append(entry)
            return False
        self._told.add(entry.id)
        return True

    def _under_way(self) -> set[int]:
        return {*self._in_flight, *(entry.id for lane in (self._first, self._suspects) for entry in lane)}

    def _live_window(self) -> int:
        """The backlog's share is kept free, as far as the backlog does not use it already."""
        if not self._backlog_pending:
            return self._window
        return self._window - max(0, self._reserve() - len(self._backlog_in_flight))

    def _reserve(self) -> int:
        """Never the whole window: with one of a single message the backlog waits for pauses of the live lane."""
        return min(max(1, self._window // BACKLOG_SHARE), self._window - 1)

    def _send(self, entry: Entry) -> None:
        assert self._endpoint is not None
        if len(entry.payload) > self._max_bytes:
            self._put_aside(entry, 0x95, f"larger than the endpoint takes ({self._max_bytes} bytes)")
            return
        self._in_flight[entry.id] = entry
        retain = entry.fresh and entry.kind in RETAINED_KINDS
        self._endpoint.publish(Message(entry.id, entry.kind, entry.device, entry.payload, retain))

    def _delivered(self, entry: Entry) -> None:
        if entry.is_reading or entry.id in self._refused_in_row:
            self._refused_in_row.clear()
        if not self._refused_in_row:
            self._on_progress()
        self.delivered += 1
        self._outbox.acknowledged(entry)
        if not entry.payload and self._tasks is not None:
            self._tasks.create_task(self._retained.cleared(entry), name="cleared")
        if self._suspects and self._suspects[0] is entry:
            self._suspects.popleft()

    def _refused(self, entry: Entry, ack: Ack) -> None:
        """A word about one message gets it tried alone; any other ends the connection."""
        if len(self._refused_in_row) < ENDPOINT_REFUSALS:
            self._refused_in_row.add(entry.id)
        if not ack.about_message or len(self._refused_in_row) >= ENDPOINT_REFUSALS:
            self._fail(EndpointError(f"publish refused: {ack.text or hex(ack.code)}"))
            return
        if entry not in self._suspects:
            self._suspects.append(entry)
            return
        entry.refusals += 1
        if entry.refusals >= MESSAGE_TRIES:
            self._suspects.remove(entry)
            self._put_aside(entry, ack.code, ack.text)

    def _fail(self, error: EndpointError) -> None:
        if self._fault is not None and not self._fault.done():
            self._fault.set_result(error)

    def _try_suspect(self) -> None:
        """Alone in the window, so that its refusal can be nobody else's."""
        if not self._in_flight:
            self._send(self._suspects[0])

    def _put_aside(self, entry: Entry, code: int, reason: str) -> None:
        assert self._tasks is not None
        log.error("envelope refused for good, set aside", outbox=self._outbox.name, seq=entry.seq, reason=reason)
        self._tasks.create_task(self._outbox.set_aside(entry, code, reason), name="set-aside")

    def _spill(self) -> None:
        """The oldest live envelopes that are on disk wait there as backlog."""
        while len(self._live) > LIVE_LIMIT // 2 and (self._live[0].on_disk or self._live[0].done):
            self._boundary = self._live.popleft().id + 1
        self._changed.set()

    def _disconnected(self) -> None:
        self.connected_now = False
        for lane in (self._first, self._live, self._suspects):
            lane.clear()
        self._told.clear()
        self._late = None
        self._in_flight.clear()
        self._backlog_in_flight.clear()
        self._backlog_pending = self._needs_room = False
        if self._idle is not None:
            self._idle.set()

    async def _serve_waiting(self, begin: int) -> None:
        """What waited when the connection began: first what never waits behind readings, then readings, paced."""
        if self._outbox.commits_first:
            await self._outbox.flush()
        await self._queue_first(begin)
        cursor = 0
        while True:
            self._changed.clear()
            boundary, settled = self._boundary, self._outbox.is_settled(self._boundary)
            batch = await self._outbox.waiting(readings=True, after=cursor, before=boundary, limit=BACKLOG_BATCH)
            self._backlog_pending = self._needs_room = bool(batch)
            if not batch:
                await self._until_there_may_be_more(boundary if settled else -1)
                continue
            cursor = batch[-1].id
            under_way = self._under_way()
            for entry in batch:
                if entry.id not in under_way:
                    await self._send_backlog(entry)

    async def _until_there_may_be_more(self, exhausted: int) -> None:
        """The next commit may bring some, unless everything below `exhausted` is known to be gone."""
        await self._changed.wait()
        while self._boundary == exhausted:
            self._changed.clear()
            await self._changed.wait()

    async def _queue_first(self, begin: int) -> None:
        """What never waits behind readings, a few at a time, and then what came meanwhile; nothing twice."""
        self._needs_room = True
        cursor = 0
        while batch := await self._outbox.waiting(readings=False, after=cursor, before=begin, limit=BACKLOG_BATCH):
            cursor = batch[-1].id
            untold = [entry for entry in batch if entry.id not in self._told]
            for entry in untold:
                entry.fresh = False
            self._tell(untold)
            self.pump()
            while len(self._first) > BACKLOG_BATCH:
                self._changed.clear()
                await self._changed.wait()
        late, self._late = self._late or [], None
        self._tell([entry for entry in late if entry.id not in self._told])
        self.pump()

    async def _send_backlog(self, entry: Entry) -> None:
        await self._bucket.take()
        while not self._backlog_may_send():
            self._changed.clear()
            await self._changed.wait()
        if not entry.done:
            self._send(entry)
            if entry.id in self._in_flight:
                self._backlog_in_flight.add(entry.id)

    def _backlog_may_send(self) -> bool:
        if self._suspects:
            return False
        if len(self._in_flight) >= self._window:
            return False
        return not (self._first or self._live) or len(self._backlog_in_flight) < self._reserve()
