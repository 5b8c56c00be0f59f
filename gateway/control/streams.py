"""Answers that go on: samples and frames as they come, as JSON Lines."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import ExitStack, aclosing
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol

from starlette.types import Receive, Scope, Send

from gateway.adapter import Direction, Rejected, Tap, iso_us
from gateway.clock import now_us
from gateway.control import answers
from gateway.control.errors import Refused, unknown
from gateway.control.house import House
from gateway.control.models import Frame
from gateway.model import Sample

LINES = "application/jsonl"

MAX_STREAMS = 16
"""At once, so that some connections are left for all else; each may hold five thousand frames."""

FRAMES = 5_000
"""Kept for one who watches and does not keep up, a second of eight serial ports that are full; the oldest go first."""

Chunks = AsyncGenerator[bytes]
"""Its first item comes as soon as all is well, and may be empty."""


class Stream:
    """An answer that goes on, perhaps without an end of its own."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks = chunks

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it to its end, or until the task is cancelled."""
        async with aclosing(self._chunks):
            body = await anext(self._chunks)
            headers = [(b"content-type", LINES.encode())]
            await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
            await send({"type": "http.response.body", "body": body, "more_body": True})
            async for chunk in self._chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


class Room:
    """How many streams there may be at once."""

    def __init__(self) -> None:
        self._taken = 0

    async def bounded(self, chunks: Chunks) -> Chunks:
        """The same, or a refusal when too many are there already."""
        if self._taken >= MAX_STREAMS:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "busy", f"{MAX_STREAMS} streams are open already")
        self._taken += 1
        try:
            async with aclosing(chunks):
                async for chunk in chunks:
                    yield chunk
        finally:
            self._taken -= 1


class Inbox(Protocol):
    """What has come for one who watches."""

    missed: int

    def take(self) -> list[Any]:
        """What has come since the last time, oldest first."""


class Seen(NamedTuple):
    """A frame, as it went."""

    time_us: int
    link: str
    direction: Direction
    data: bytes


class Frames:
    """Frames since the last look; `missed` counts those that went for want of room."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self.missed = 0
        self._wake = wake
        self._seen: deque[Seen] = deque(maxlen=FRAMES)

    def tap(self, link: str) -> Tap:
        """What takes the frames of a link."""

        def put(direction: Direction, data: bytes) -> None:
            self.missed += len(self._seen) == FRAMES
            self._seen.append(Seen(now_us(), link, direction, data))
            self._wake()

        return put

    def take(self) -> list[Seen]:
        """What has come since the last time, oldest first."""
        taken = list(self._seen)
        self._seen.clear()
        return taken


async def samples(house: House, device: str | None) -> Chunks:
    """What is known now, then each sample as it comes."""
    if device is not None and device not in house.devices:
        raise unknown("device", device)
    wake = asyncio.Event()
    with house.latest.watched(wake.set) as watch:
        yield b""

        def line(sample: Sample) -> bytes:
            return answers.readings(sample) if device in (None, sample.group.device) else b""

        async for chunk in _paced(map(line, house.latest.samples())):
            yield chunk
        async for chunk in _coming(watch, wake, line):
            yield chunk


async def frames(house: House, link: str | None) -> Chunks:
    """What goes over a link, or over all that can show it, as it goes."""
    wake = asyncio.Event()
    seen = Frames(wake.set)
    with ExitStack() as taps:
        _open(house, link, seen, taps)
        yield b""
        async for chunk in _coming(seen, wake, _frame):
            yield chunk


def _open(house: House, link: str | None, seen: Frames, taps: ExitStack) -> None:
    refusals: list[Refused] = []
    links = sorted({info.link for info in house.devices.values()}) if link is None else [link]
    for name in links:
        try:
            taps.enter_context(house.tapped(name, seen.tap(name)))
        except KeyError:
            refusals.append(unknown("link", name))
        except Rejected as error:
            refusals.append(Refused(HTTPStatus.NOT_FOUND, error.reason, error.detail))
    if len(refusals) == len(links):
        raise refusals[0] if refusals else Refused(HTTPStatus.NOT_FOUND, "unknown-link", "there is no link")


async def _coming(inbox: Inbox, wake: asyncio.Event, line: Callable[[Any], bytes]) -> AsyncIterator[bytes]:
    """All that has come at each wake-up, together."""
    told = 0
    while True:
        await wake.wait()
        wake.clear()
        items, missed, told = inbox.take(), inbox.missed - told, inbox.missed
        async for chunk in _paced(_lines(items, missed, line)):
            yield chunk


async def _paced(lines: Iterable[bytes]) -> AsyncIterator[bytes]:
    """Together, but a client that takes all at once must not keep the loop from the others."""
    for chunk in answers.chunks(lines):
        yield chunk
        await asyncio.sleep(0)


def _lines(items: Iterable[Any], missed: int, line: Callable[[Any], bytes]) -> Iterable[bytes]:
    if missed:
        yield answers.missed(missed)
    yield from map(line, items)


def _frame(seen: Seen) -> bytes:
    return answers.frame(Frame(iso_us(seen.time_us), seen.link, seen.direction, seen.data.hex()))
