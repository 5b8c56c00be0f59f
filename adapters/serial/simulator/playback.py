"""A capture from the field in the place of the devices that it has recorded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from typing_extensions import override

from adapters.serial.config import SerialDevice, SerialLink
from adapters.serial.simulator.parties import Player
from adapters.serial.simulator.place import Options, Place
from adapters.serial.simulator.served import Served
from adapters.serial.simulator.serving import Party, Room, serving
from gateway.adapter import Capture, CaptureError, Rejected, parse_capture
from gateway.model import Value
from gateway.ports.serving import At
from gateway.values import Unwritable

NO_DEVICES = "a capture is played: nobody is there whose values or faults could be changed"


class Playback(Served):
    """`played` frames were said, `missed` of what a gateway said then was waited for in vain."""

    def __init__(self, link: SerialLink, place: Place, at: At, stage: Stage) -> None:
        super().__init__(link, place, at)
        self._stage = stage

    @property
    def played(self) -> int:
        """Over the newest connection."""
        return self._stage.player.replay.played if self._stage.player else 0

    @property
    def missed(self) -> int:
        """Over the newest connection."""
        return self._stage.player.replay.missed if self._stage.player else 0

    async def ended(self) -> None:
        """Wait until a connection has heard all of it."""
        await self._stage.ended.wait()

    @property
    @override
    def devices(self) -> Mapping[str, SerialDevice]:
        return {}

    @override
    async def get(self, device: str, point: str) -> Value | None:
        return None

    @override
    async def set(self, device: str, point: str, value: Value) -> None:
        raise Unwritable("malformed", NO_DEVICES)

    @override
    async def fault(self, device: str, fault: str) -> None:
        raise Rejected("not-supported", NO_DEVICES)


class Stage:
    """Where a capture is played, for each connection from its beginning."""

    def __init__(self, capture: Capture, options: Options) -> None:
        self._capture = capture
        self._options = options
        self._playing: set[asyncio.Task[None]] = set()
        self.player: Player | None = None
        self.ended = asyncio.Event()

    def enter(self, transport: asyncio.Transport) -> Party:
        """Somebody is connected, or the port is there."""
        self.player = Player(self._capture.entries, transport, self._options, self.ended.set)
        self._playing.add(self.player.playing)
        self.player.playing.add_done_callback(self._playing.discard)
        return self.player

    async def leave(self) -> None:
        """Wait until nobody plays any more, once all connections have ended."""
        await asyncio.gather(*self._playing, return_exceptions=True)


@asynccontextmanager
async def playback(link: SerialLink, options: Options) -> AsyncIterator[Playback]:
    """Play a capture for as long as the context lasts. Raises Rejected, OSError."""
    assert options.replay is not None, "there is one to be played"
    stage = Stage(await asyncio.to_thread(_read, options.replay), options)
    place = Place(link, options)
    try:
        async with serving(Room(stage.enter), place) as at:
            yield Playback(link, place, at, stage)
    finally:
        await stage.leave()


def _read(name: str) -> Capture:
    try:
        with Path(name).open(encoding="utf-8", errors="replace") as lines:
            return parse_capture(lines, name)
    except CaptureError as error:
        raise Rejected("malformed", str(error)) from None
